/** The command line of `exec`. */
import { oneOf, refuseEmpty } from '../command-line/mistakes.js';
import { FSTYPE, HELP, INSECURE_POLICY, MECHANISM, POLICY, SET } from '../command-line/option.js';
import type { Given, Usage } from '../command-line/option.js';
import { parse } from '../command-line/parse.js';
import { UsageError } from '../errors.js';
import { INLINE, LOG_LEVELS } from '../run/start.js';
import type { Inline, LogLevel, Mechanism } from '../run/start.js';

const STATS_FORMATS = ['text', 'json'] as const;
type StatsFormat = (typeof STATS_FORMATS)[number];

/** The options of `exec`, checked. */
export interface ExecOptions {
  readonly help: boolean;
  readonly policies: readonly string[];
  /** Whether root uses files that others could have written, too. */
  readonly insecurePolicy: boolean;
  readonly fstypes: readonly string[];
  /** Values of parameters: NAME=DIRECTORY. */
  readonly parameters: readonly string[];
  /** Whether the program may choose the policy, where neither of these says which. */
  readonly autoPolicy: boolean;
  readonly mechanism: Mechanism;
  /** Whether programs answer calls by themselves. */
  readonly inline: Inline;
  /** Whether a parent of the command stays, also where it need not. */
  readonly stay: boolean;
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly stats: StatsFormat | undefined;
}

/** The options, and where the command starts among the words (their number if there is none). */
export interface ExecLine {
  readonly options: ExecOptions;
  readonly first: number;
}

export const EXEC_OPTIONS = {
  policy: POLICY,
  'insecure-policy': INSECURE_POLICY,
  fstype: FSTYPE,
  set: SET,
  'no-auto-policy': { about: 'not the policy of the program: the default one' },
  mechanism: MECHANISM,
  inline: {
    argument: 'WHEN',
    choices: INLINE,
    about: 'answer calls inside a program that makes many: off, auto, always (at once, for tests)',
  },
  stay: {
    about:
      'stay as the parent of the command; where only an ancestor may read a program (Yama) exec does so by itself',
  },
  'log-file': { short: 'o', argument: 'FILE', about: 'append a log to this file, as JSON lines' },
  'log-level': {
    argument: 'LEVEL',
    choices: LOG_LEVELS,
    about: 'what is logged: info, trace (every stopped call)',
  },
  stats: { about: 'say at the end, on standard error, what was answered' },
  'stats-format': {
    argument: 'FORMAT',
    choices: STATS_FORMATS,
    about: `how --stats says it: ${STATS_FORMATS.join(', ')}`,
  },
  verbose: { short: 'v', about: 'say on standard error what was chosen' },
  quiet: { short: 'q', about: 'no warnings' },
  help: HELP,
} as const;

type OptionName = keyof typeof EXEC_OPTIONS;

/** What a command that was wrapped ends with. */
export const STATUSES = `Ends with the status of the command; 125 if seccomp-spoof itself failed, 126 if the command cannot
be run, 127 if there is no such command.`;

/** What is said of options that do not go together, by `exec` and by a bundle. */
export const EXCLUDE = '--verbose and --quiet exclude each other; leave one out';
export const WITHOUT_LOG = '--log-level has no effect without --log-file; add --log-file FILE';

export const USAGE: Usage = {
  synopsis: 'exec [OPTION]... [--] COMMAND [ARGUMENT]...',
  about: 'run a command under a policy',
  options: EXEC_OPTIONS,
  examples: [
    ['seccomp-spoof exec k3s server', 'k3s on a 9p root'],
    ['seccomp-spoof exec --fstype 9p=ext4 -- stat -f /', 'one answer, no policy file'],
  ],
  epilogue: `Options end at the first word that is not one, or at --; everything after it belongs to the command.
Without --policy and --fstype the policy is that of the program, if it has one (k3s and others: see
seccomp-spoof policy list), else 9p-as-ext4.

${STATUSES}`,
};

async function optionsOf(given: Given<OptionName>): Promise<ExecOptions> {
  refuseEmpty(given);
  const last = (name: OptionName): string | undefined => given[name]?.at(-1);
  const has = (name: OptionName): boolean => given[name] !== undefined;
  if (has('verbose') && has('quiet')) {
    throw new UsageError(EXCLUDE);
  }
  if (has('stats-format') && !has('stats')) {
    throw new UsageError('--stats-format has no effect without --stats; add --stats');
  }
  if (has('log-level') && !has('log-file')) {
    throw new UsageError(WITHOUT_LOG);
  }
  const choice = async <Value extends string>(
    name: OptionName,
    option: { readonly choices: readonly Value[] },
    usual: Value,
  ): Promise<Value> => oneOf(name, option, last(name) ?? usual);
  return {
    help: has('help'),
    policies: given.policy ?? [],
    insecurePolicy: has('insecure-policy'),
    fstypes: given.fstype ?? [],
    parameters: given.set ?? [],
    autoPolicy: !has('no-auto-policy'),
    mechanism: await choice('mechanism', MECHANISM, 'auto'),
    inline: await choice('inline', EXEC_OPTIONS.inline, 'off'),
    stay: has('stay'),
    logFile: last('log-file'),
    logLevel: await choice('log-level', EXEC_OPTIONS['log-level'], 'info'),
    verbose: has('verbose'),
    quiet: has('quiet'),
    stats: has('stats')
      ? await choice('stats-format', EXEC_OPTIONS['stats-format'], 'text')
      : undefined,
  };
}

/**
 * Takes the options off the words behind `exec`. Throws UsageError. Nothing is loaded for it if
 * there is no option.
 */
export async function parseExec(words: readonly string[]): Promise<ExecLine> {
  const word = words[0];
  if (word === undefined || word === '--' || word === '-' || !word.startsWith('-')) {
    return { options: await optionsOf({}), first: word === '--' ? 1 : 0 };
  }
  const { given, words: command } = await parse('exec', EXEC_OPTIONS, words, true);
  return { options: await optionsOf(given), first: words.length - command.length };
}
