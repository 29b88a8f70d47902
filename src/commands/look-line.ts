/** The command line of the verbs that look at what a policy does: `verify`, `explain`. */
import { parseArgs } from 'node:util';

import {
  didYouMean,
  needsValue,
  oneOf,
  refuseEmpty,
  seeHelp,
  takesNoValue,
} from '../command-line/mistakes.js';
import {
  dashed,
  FSTYPE,
  HELP,
  INSECURE_POLICY,
  MECHANISM,
  POLICY,
  SET,
} from '../command-line/option.js';
import type { Given, Options } from '../command-line/option.js';
import { systemCode, UsageError } from '../errors.js';
import type { PolicyOptions } from '../run/policy.js';
import type { Mechanism } from '../run/start.js';

const options = (own: Options): Options => ({
  policy: POLICY,
  'insecure-policy': INSECURE_POLICY,
  fstype: { ...FSTYPE, about: 'say filesystem type B where it is A' },
  set: SET,
  mechanism: { ...MECHANISM, about: MECHANISM.choices.join(', ') },
  ...own,
  json: { about: 'as one JSON object (docs/verify.md)' },
  help: HELP,
});

export const VERIFY_OPTIONS = options({});
export const EXPLAIN_OPTIONS = options({
  program: { argument: 'NAME', about: 'as a program whose file is called so sees it' },
});

export interface LookLine {
  readonly policies: readonly string[];
  /** Whether root uses files that others could have written, too. */
  readonly insecurePolicy: boolean;
  readonly fstypes: readonly string[];
  readonly parameters: readonly string[];
  readonly mechanism: Mechanism;
  /** `explain` only. */
  readonly program: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly paths: readonly string[];
}

/** What Node says of a wrong line, in our words. */
async function usageError(verb: string, error: Error, options: Options): Promise<UsageError> {
  const [, option = ''] = /'(?:-\w, )?(-{1,2}[^\s']+)/.exec(error.message) ?? [];
  if (systemCode(error) === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
    return error.message.includes('does not take an argument')
      ? takesNoValue(option)
      : needsValue(option);
  }
  const advice = await didYouMean(option, Object.keys(options).map(dashed), seeHelp(verb));
  return new UsageError(`${verb} has no option ${option}; ${advice}`);
}

/** Reads the words behind the verb. Throws UsageError. */
export async function parseLook(
  verb: string,
  options: Options,
  words: readonly string[],
): Promise<LookLine> {
  const config = Object.entries(options).map(
    ([name, { short, argument, repeatable }]) =>
      [
        name,
        {
          type: argument === undefined ? 'boolean' : 'string',
          multiple: repeatable === true,
          ...(short === undefined ? {} : { short }),
        } as const,
      ] as const,
  );
  let parsed;
  try {
    parsed = parseArgs({
      args: [...words],
      options: Object.fromEntries(config),
      allowPositionals: true,
    });
  } catch (error) {
    if (!(error instanceof TypeError) || systemCode(error) === undefined) throw error;
    throw await usageError(verb, error, options);
  }
  const given: Given = Object.fromEntries(
    Object.entries(parsed.values).map(([name, value]) => [name, [value].flat().map(String)]),
  );
  refuseEmpty(given);
  if (parsed.positionals.includes('')) {
    throw new UsageError(`${verb} has no use for an empty path; write one or leave it out`);
  }
  return {
    policies: given['policy'] ?? [],
    insecurePolicy: given['insecure-policy'] !== undefined,
    fstypes: given['fstype'] ?? [],
    parameters: given['set'] ?? [],
    mechanism: await oneOf('mechanism', MECHANISM, given['mechanism']?.at(-1) ?? 'auto'),
    program: given['program']?.at(-1),
    json: given['json'] !== undefined,
    help: given['help'] !== undefined,
    paths: parsed.positionals,
  };
}

/** The policy that a line asks for, as loadPolicy() takes it. */
export function policyOf(line: LookLine): PolicyOptions {
  const { policies, fstypes, parameters, insecurePolicy } = line;
  return { policy: policies, fstype: fstypes, parameters, insecurePolicy };
}
