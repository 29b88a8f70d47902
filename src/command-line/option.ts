/**
 * The options of the command line as data, which parsers and help are made from, as a man page and
 * completions can be; and the options that several verbs have.
 */
import { MECHANISMS } from '../run/start.js';

/** What an option is; its long name is its key in `Options`. */
export interface Option {
  /** Its name of one letter. */
  readonly short?: string;
  /** What help calls its value; undefined: it is a flag. */
  readonly argument?: string;
  /** The values that it takes; undefined: any text. */
  readonly choices?: readonly string[];
  /** All its values count, not the last one alone. */
  readonly repeatable?: true;
  /** What it does: a phrase that starts with a small letter. */
  readonly about: string;
}

/** The options of a verb, in the order of help. */
export type Options<Name extends string = string> = Readonly<Record<Name, Option>>;

/** The values of each option that was given, in their order. */
export type Given<Name extends string = string> = Partial<Record<Name, readonly string[]>>;

/** What is said of a verb. */
export interface Usage {
  /** The line, from the verb on. */
  readonly synopsis: string;
  readonly about: string;
  readonly options: Options;
  readonly examples?: readonly (readonly [line: string, about: string])[];
  readonly epilogue?: string;
}

export const POLICY = {
  short: 'p',
  argument: 'NAME|FILE',
  repeatable: true,
  about: 'policy by name, or file (contains a /)',
} as const;

export const INSECURE_POLICY = {
  about: 'root: use policy files that others could have written, too',
} as const;

export const FSTYPE = {
  argument: 'A=B',
  repeatable: true,
  about: 'say filesystem type B where it is A, as A=B',
} as const;

export const SET = {
  argument: 'NAME=DIRECTORY',
  repeatable: true,
  about: 'value of a parameter of the policy',
} as const;

export const MECHANISM = {
  short: 'm',
  argument: 'NAME',
  choices: MECHANISMS,
  about: `how calls are stopped: ${MECHANISMS.join(', ')}`,
} as const;

export const HELP = { short: 'h', about: 'show this text' } as const;

/** `--policy` or `-p`: a name as it is written. */
export function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
