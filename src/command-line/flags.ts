import { UsageError } from '../errors.js';
import { didYouMean, seeHelp } from './mistakes.js';
import { dashed } from './option.js';
import type { Options } from './option.js';

/** Which flags were given, by their long names. */
export type Flags<Name extends string> = Readonly<Record<Name, boolean>>;

/**
 * Reads words that can only be flags (`--json`, `--help`, `-h`); yargs would cost more than such a
 * verb does. Throws UsageError for any other word.
 */
export async function parseFlags<Name extends string>(
  verb: string,
  words: readonly string[],
  options: Options<Name>,
): Promise<Flags<Name>> {
  const names = Object.keys(options) as Name[];
  const given = new Set<Name>();
  for (const word of words) {
    const name = names.find((each) =>
      [each, options[each].short].some((spelt) => spelt !== undefined && dashed(spelt) === word),
    );
    if (name === undefined) {
      const isOption = word.startsWith('-');
      const what = isOption ? `no option ${word}` : `no use for ${JSON.stringify(word)}`;
      const advice = await didYouMean(word, isOption ? names.map(dashed) : [], seeHelp(verb));
      throw new UsageError(`${verb} has ${what}; ${advice}`);
    }
    given.add(name);
  }
  return Object.fromEntries(names.map((name) => [name, given.has(name)])) as Flags<Name>;
}
