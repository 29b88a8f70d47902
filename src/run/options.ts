/**
 * What a program gives to the library: all of it is checked before anything is opened or started.
 * JavaScript lets anything through, and a word that was not understood would be a rule that is not there.
 */
import { UsageError } from '../errors.js';
import { didYouMean } from '../policy/suggest.js';

/** What an option may be: says what it should be, or undefined if it is that. */
export type Check = (value: unknown) => string | undefined;

const check =
  (what: string, isRight: (value: unknown) => boolean): Check =>
  (value) =>
    isRight(value) ? undefined : what;

const isString = (value: unknown): value is string => typeof value === 'string';

/** An object as `{}` makes it, also that of another realm. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const isListOf = (value: unknown, isRight: (element: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isRight);

const isPolicy = (value: unknown): boolean => isString(value) || isPlainObject(value);

export const TEXT = check('a text', isString);
export const FLAG = check('true or false', (value) => typeof value === 'boolean');
export const TEXTS = check('a list of texts', (value) => isListOf(value, isString));
export const OBJECT = check(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);
export const SIGNAL = check('an AbortSignal', (value) => value instanceof AbortSignal);
/** What is as in child_process.spawn(), and what Node itself checks. */
export const AS_IN_NODE: Check = () => undefined;

export const POLICY = check(
  'a name, a file, a policy as an object, or a list of these',
  (value) => isPolicy(value) || isListOf(value, isPolicy),
);

const pairs = (text: string, object: string): Check =>
  check(
    `a text as '${text}', a list of such, or an object as ${object}`,
    (value) =>
      isString(value) ||
      isListOf(value, isString) ||
      (isPlainObject(value) && Object.values(value).every(isString)),
  );

export const FSTYPE = pairs('9p=ext4', "{ '9p': 'ext4' }");
export const PARAMETERS = pairs('data_dir=/srv/k3s', "{ data_dir: '/srv/k3s' }");

function described(value: unknown): string {
  if (isString(value)) return JSON.stringify(value);
  if (value === null || ['number', 'boolean', 'bigint'].includes(typeof value)) {
    return String(value);
  }
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

/** One of these words. */
export const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    words.some((word) => word === value)
      ? undefined
      : `one of ${words.join(', ')}${isString(value) ? didYouMean(value, words, '').replace(/^./, '; $&') : ''}`;

/** Throws UsageError unless the argument `name` of a function of the library is right. */
export function checkArgument(where: string, name: string, value: unknown, is: Check): void {
  const wanted = is(value);
  if (wanted === undefined) return;
  throw new UsageError(`${where}: ${name} is ${described(value)}; it has to be ${wanted}`);
}

/**
 * Throws UsageError for options that `where` does not know, and for values that none of them has;
 * `others`: what to say of some that are well known elsewhere.
 */
export function checkOptions(
  where: string,
  options: unknown,
  known: Readonly<Record<string, Check>>,
  others: Readonly<Record<string, string>> = {},
): void {
  if (!isPlainObject(options)) {
    throw new UsageError(`${where}: the options are ${described(options)}; write an object`);
  }
  // All that can be read of it counts, not its own properties alone.
  for (const name in options) {
    const value = options[name];
    const is = Object.hasOwn(known, name) ? known[name] : undefined;
    if (is === undefined) {
      const names = Object.keys(known);
      const advice = Object.hasOwn(others, name) ? others[name] : undefined;
      throw new UsageError(
        `${where} has no option ${name}; ` +
          (advice ?? didYouMean(name, names, `known are ${names.join(', ')}`)),
      );
    }
    if (value !== undefined) checkArgument(where, name, value, is);
  }
}
