import { UsageError } from '../errors.js';

/** Flags of a verb that takes nothing else, by their long names. */
export type Flags<Name extends string> = Readonly<Record<Name | 'help', boolean>>;

/**
 * Reads words that can only be flags (`--json`, `--help`, `-h`); yargs would cost more than such a
 * verb does. Throws UsageError for any other word.
 */
export async function parseFlags<Name extends string>(
  verb: string,
  words: readonly string[],
  names: readonly Name[],
): Promise<Flags<Name>> {
  const all = [...names, 'help'] as const;
  const given = new Set<string>();
  for (const word of words) {
    const name = all.find((each) => word === `--${each}`) ?? (word === '-h' ? 'help' : undefined);
    if (name === undefined) {
      const { suggest } = await import('../policy/suggest.js');
      const options = all.map((each) => `--${each}`);
      const guess = word.startsWith('-') ? suggest(word, options) : undefined;
      const what = word.startsWith('-')
        ? `no option ${word}`
        : `no use for ${JSON.stringify(word)}`;
      const advice =
        guess === undefined ? `see seccomp-spoof ${verb} --help` : `did you mean ${guess}?`;
      throw new UsageError(`${verb} has ${what}; ${advice}`);
    }
    given.add(name);
  }
  return Object.fromEntries(all.map((name) => [name, given.has(name)])) as Flags<Name>;
}
