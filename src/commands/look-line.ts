/** The command line of the verbs that look at what a policy does: `verify`, `explain`. */
import { parseArgs } from 'node:util';

import { UsageError } from '../errors.js';
import { suggest } from '../policy/suggest.js';
import { MECHANISMS } from '../run/start.js';
import type { Mechanism } from '../run/start.js';

const OPTIONS = {
  policy: { type: 'string', short: 'p', multiple: true },
  fstype: { type: 'string', multiple: true },
  mechanism: { type: 'string', short: 'm' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const PROGRAM = { program: { type: 'string' } } as const;

/** How both verbs describe what they have in common. */
export const COMMON_HELP = `  -p, --policy NAME|FILE  policy by name, or file (contains a /); may be repeated
      --fstype A=B        say filesystem type B where it is A; may be repeated
  -m, --mechanism NAME    auto, notify, trace, ptrace
`;

export interface LookLine {
  readonly policies: readonly string[];
  readonly fstypes: readonly string[];
  readonly mechanism: Mechanism;
  /** `explain` only. */
  readonly program: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly paths: readonly string[];
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** What Node says of a wrong line, in our words. */
function usageError(verb: string, error: Error, names: readonly string[]): UsageError {
  const [, option = ''] = /'(?:-\w, )?(-{1,2}[^\s']+)/.exec(error.message) ?? [];
  if (codeOf(error) === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
    return error.message.includes('does not take an argument')
      ? new UsageError(`option ${option} takes no value; leave it out`)
      : new UsageError(`option ${option} needs a value; write it behind the option`);
  }
  const guess = option.startsWith('--')
    ? suggest(
        option,
        names.map((name) => `--${name}`),
      )
    : undefined;
  const advice =
    guess === undefined ? `see seccomp-spoof ${verb} --help` : `did you mean ${guess}?`;
  return new UsageError(`${verb} has no option ${option}; ${advice}`);
}

function mechanismOf(text: string): Mechanism {
  const found = MECHANISMS.find((name) => name === text);
  if (found !== undefined) return found;
  const guess = suggest(text, MECHANISMS);
  const advice =
    guess === undefined ? `it is one of ${MECHANISMS.join(', ')}` : `did you mean ${guess}?`;
  throw new UsageError(`--mechanism ${JSON.stringify(text)} is not known; ${advice}`);
}

/** Reads the words behind the verb. Throws UsageError. */
export function parseLook(verb: 'verify' | 'explain', words: readonly string[]): LookLine {
  const options = verb === 'explain' ? { ...OPTIONS, ...PROGRAM } : OPTIONS;
  let parsed;
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError) || codeOf(error) === undefined) throw error;
    throw usageError(verb, error, Object.keys(options));
  }
  const values: Readonly<Record<string, string | boolean | string[] | undefined>> = parsed.values;
  for (const [name, value] of Object.entries(values)) {
    if (value === '' || (Array.isArray(value) && value.includes(''))) {
      throw new UsageError(`option --${name} has an empty value; write one or leave it out`);
    }
  }
  if (parsed.positionals.includes('')) {
    throw new UsageError(`${verb} has no use for an empty path; write one or leave it out`);
  }
  const program = values['program'];
  return {
    policies: parsed.values.policy ?? [],
    fstypes: parsed.values.fstype ?? [],
    mechanism: mechanismOf(parsed.values.mechanism ?? 'auto'),
    program: typeof program === 'string' ? program : undefined,
    json: parsed.values.json ?? false,
    help: parsed.values.help ?? false,
    paths: parsed.positionals,
  };
}
