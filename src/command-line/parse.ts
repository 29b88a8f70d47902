/** Reads a line with the parser of yargs, for the verbs whose help yargs writes. */
import { UsageError } from '../errors.js';
import { needsValue, seeHelp, takesNoValue } from './mistakes.js';
import { dashed } from './option.js';
import type { Given, Option, Options } from './option.js';

/** A line, read. */
export interface Parsed<Name extends string> {
  readonly given: Given<Name>;
  /** The words that are neither an option nor a value. */
  readonly words: readonly string[];
}

const PARSING = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'greedy-arrays': false,
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'strip-aliased': true,
} as const;

/** What yargs says about a wrong line, in our words. */
function usageError(verb: string, options: Options, message: string): UsageError {
  const [, missing] = /^Not enough arguments following: (.*)$/.exec(message) ?? [];
  if (missing !== undefined) return needsValue(dashed(missing));
  const [, unexpected] = /^Argument unexpected for: (.*)$/.exec(message) ?? [];
  if (unexpected === undefined) return new UsageError(`${message}; ${seeHelp(verb)}`);
  const format = `${unexpected}-format`;
  const hint = format in options ? `write --${unexpected} --${format} FORMAT` : undefined;
  return takesNoValue(dashed(unexpected), hint);
}

async function unknownOption(
  verb: string,
  options: Options,
  name: string,
  before: readonly string[],
  command: boolean,
): Promise<UsageError> {
  const takesValue = (short: string | undefined): boolean =>
    Object.values(options).some((each) => each.argument !== undefined && each.short === short);
  const glued = before.find((word) => /^-\w[^=]/.test(word) && takesValue(word[1]));
  if (glued !== undefined) {
    const [option, value] = [glued.slice(0, 2), glued.slice(2)];
    return new UsageError(`${glued} is no option; write ${option} ${value}, in two words`);
  }
  const { suggest } = await import('../policy/suggest.js');
  const guess = suggest(name, Object.keys(options));
  const where = command ? ' (an option of the command goes behind the command)' : '';
  const advice = guess === undefined ? seeHelp(verb) + where : `did you mean --${guess}?`;
  return new UsageError(`${verb} has no option ${dashed(name)}; ${advice}`);
}

/**
 * Takes the options off the words behind a verb; `command`: all words from the first one on that is
 * no option belong to a command. Throws UsageError.
 */
export async function parse<Name extends string>(
  verb: string,
  options: Options<Name>,
  words: readonly string[],
  command = false,
): Promise<Parsed<Name>> {
  // Not all of yargs: that costs more than the start of Node, its parser a seventh of it.
  const { default: parser } = await import('yargs-parser');
  const all: readonly (readonly [string, Option])[] = Object.entries(options);
  const named = (is: (option: Option) => boolean): string[] =>
    all.filter(([, option]) => is(option)).map(([name]) => name);
  const { argv, error } = parser.detailed([...words], {
    alias: Object.fromEntries(all.map(([name, { short }]) => [name, short ?? []])),
    array: named(({ repeatable }) => repeatable === true),
    boolean: named(({ argument }) => argument === undefined),
    string: named(({ argument }) => argument !== undefined),
    // Without 0 a command called `true` is taken for the value of the flag before it.
    narg: Object.fromEntries(
      all.map(([name, { argument }]) => [name, argument === undefined ? 0 : 1]),
    ),
    configuration: { ...PARSING, 'halt-at-non-option': command },
  });
  if (error !== null) throw usageError(verb, options, error.message);
  const { _: others, ...values } = argv;
  const rest = others.map(String);
  const given: Given = {};
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(options, name)) {
      const before = words.slice(0, words.length - rest.length);
      throw await unknownOption(verb, options, name, before, command);
    }
    given[name] = (Array.isArray(value) ? value : [value]).map(String);
  }
  return { given, words: rest };
}
