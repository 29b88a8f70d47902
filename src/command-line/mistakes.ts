/** What is said about a wrong command line, the same for all verbs. */
import { UsageError } from '../errors.js';
import type { Given } from './option.js';

/** Where to read on. */
export function seeHelp(verb: string): string {
  return `see seccomp-spoof ${verb} --help`;
}

/** An option, as it is written, has no value. */
export function needsValue(option: string): UsageError {
  return new UsageError(`option ${option} needs a value; write it behind the option`);
}

/** A flag, as it is written, has a value. */
export function takesNoValue(option: string, advice = 'leave it out'): UsageError {
  return new UsageError(`option ${option} takes no value; ${advice}`);
}

/** The value of an option, as it is written, is empty. */
export function emptyValue(option: string): UsageError {
  return new UsageError(`option ${option} has an empty value; write one or leave it out`);
}

/** Throws UsageError if any value is empty. */
export function refuseEmpty(given: Given): void {
  for (const [name, values] of Object.entries(given)) {
    if (values?.includes('') === true) throw emptyValue(`--${name}`);
  }
}

/**
 * The candidate that the word most probably was meant to be, as a question, or else `otherwise`.
 * Loaded here only: a line without a fault has no use for it.
 */
export async function didYouMean(
  word: string,
  candidates: readonly string[],
  otherwise: string,
): Promise<string> {
  return (await import('../policy/suggest.js')).didYouMean(word, candidates, otherwise);
}

const isOneOf = (choices: readonly string[]): string => `it is one of ${choices.join(', ')}`;

/** No such value of an option, quoted as it is to be shown. */
export function unknownValue(
  name: string,
  value: string,
  { choices }: { readonly choices: readonly string[] },
  advice = isOneOf(choices),
): UsageError {
  return new UsageError(`--${name} ${value} is not known; ${advice}`);
}

/** One of the values of an option. Throws UsageError. */
export async function oneOf<Value extends string>(
  name: string,
  { choices }: { readonly choices: readonly Value[] },
  text: string,
): Promise<Value> {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const advice = await didYouMean(text, choices, isOneOf(choices));
  throw unknownValue(name, JSON.stringify(text), { choices }, advice);
}
