/** `seccomp-spoof exec`: runs a command whose filesystem answers follow a policy. */
import { UsageError } from '../errors.js';
import { becomeCommand } from '../run/exec.js';
import type { ExecRequest } from '../run/exec.js';
import { baseDirectory, resolvePath } from '../run/origin.js';
import { allRules } from '../policy/normalised.js';
import { choosePolicy } from '../programs/defaults.js';
import type { Choice } from '../programs/defaults.js';
import { loadPolicy } from '../run/policy.js';
import { LOG_LEVELS, MECHANISMS } from '../run/start.js';
import type { LogLevel, Mechanism } from '../run/start.js';
import type { Io } from '../run/stdio.js';

const STATS_FORMATS = ['text', 'json'] as const;
type StatsFormat = (typeof STATS_FORMATS)[number];

/** The options of `exec`, checked. */
export interface ExecOptions {
  readonly help: boolean;
  readonly policies: readonly string[];
  readonly fstypes: readonly string[];
  /** Whether the program may choose the policy, where neither of these says which. */
  readonly autoPolicy: boolean;
  readonly mechanism: Mechanism;
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

const DEFAULTS: ExecOptions = {
  help: false,
  policies: [],
  fstypes: [],
  autoPolicy: true,
  mechanism: 'auto',
  logFile: undefined,
  logLevel: 'info',
  verbose: false,
  quiet: false,
  stats: undefined,
};

/** Without `nargs: 0` yargs takes a command called `true` for the value of the flag before it. */
const FLAG = { type: 'boolean', nargs: 0 } as const;
const VALUE = { type: 'string', nargs: 1, requiresArg: true } as const;

const OPTIONS = {
  policy: { ...VALUE, alias: 'p', array: true, describe: 'Policy by name, or file (contains a /)' },
  fstype: { ...VALUE, array: true, describe: 'Say filesystem type B where it is A, as A=B' },
  'no-auto-policy': { ...FLAG, describe: 'Not the policy of the program: the default one' },
  mechanism: {
    ...VALUE,
    alias: 'm',
    describe: 'How calls are stopped: auto, notify, trace, ptrace',
  },
  'log-file': { ...VALUE, alias: 'o', describe: 'Append a log to this file, as JSON lines' },
  'log-level': { ...VALUE, describe: 'What is logged: info, trace (every stopped call)' },
  stats: { ...FLAG, describe: 'Say at the end, on standard error, what was answered' },
  'stats-format': { ...VALUE, describe: 'How --stats says it: text, json' },
  verbose: { ...FLAG, alias: 'v', describe: 'Say on standard error what was chosen' },
  quiet: { ...FLAG, alias: 'q', describe: 'No warnings' },
  help: { ...FLAG, alias: 'h', describe: 'Show this text' },
} as const;

type OptionName = keyof typeof OPTIONS;

const EPILOGUE = `Options end at the first word that is not one, or at --; everything after it belongs to the command.
Without --policy and --fstype the policy is that of the program, if it has one (k3s and others: see
seccomp-spoof policy list), else 9p-as-ext4.

Ends with the status of the command; 125 if seccomp-spoof itself failed, 126 if the command cannot
be run, 127 if there is no such command.`;

const PARSING = {
  'halt-at-non-option': true,
  'populate--': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'greedy-arrays': false,
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'strip-aliased': true,
} as const;

async function helpText(): Promise<string> {
  const { default: yargs } = await import('yargs');
  return yargs([])
    .scriptName('seccomp-spoof exec')
    .locale('en')
    .help(false)
    .version(false)
    .usage('seccomp-spoof exec [OPTION]... [--] COMMAND [ARGUMENT]...')
    .options(OPTIONS)
    .example('seccomp-spoof exec k3s server', 'k3s on a 9p root')
    .example('seccomp-spoof exec --fstype 9p=ext4 -- stat -f /', 'one answer, no policy file')
    .epilogue(EPILOGUE)
    .wrap(100)
    .getHelp();
}

/** What yargs' parser makes of the words: options by name, the words from the command on in `_`. */
async function parseWords(words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  // Not all of yargs: that costs more than the start of Node, its parser a seventh of it.
  const { default: parser } = await import('yargs-parser');
  const options = Object.entries(OPTIONS);
  const named = (type: string): string[] =>
    options.filter(([, option]) => option.type === type).map(([name]) => name);
  const { argv, error } = parser.detailed([...words], {
    alias: Object.fromEntries(
      options.flatMap(([name, option]) => ('alias' in option ? [[name, option.alias]] : [])),
    ),
    array: options.filter(([, option]) => 'array' in option).map(([name]) => name),
    boolean: named('boolean'),
    string: named('string'),
    narg: Object.fromEntries(options.map(([name, option]) => [name, option.nargs])),
    configuration: PARSING,
  });
  if (error !== null) throw usageError(error.message);
  return argv;
}

/** `--policy` or `-p`, as an option is written. */
function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** What yargs says about a wrong line, in our words. */
function usageError(message: string): UsageError {
  const missing = /^Not enough arguments following: (.*)$/.exec(message);
  if (missing?.[1] !== undefined) {
    return new UsageError(`option ${dashed(missing[1])} needs a value; write it behind the option`);
  }
  const unexpected = /^Argument unexpected for: (.*)$/.exec(message);
  if (unexpected?.[1] !== undefined) {
    const hint = unexpected[1] === 'stats' ? 'write --stats --stats-format FORMAT' : 'leave it out';
    return new UsageError(`option ${dashed(unexpected[1])} takes no value; ${hint}`);
  }
  return new UsageError(`${message}; see seccomp-spoof exec --help`);
}

async function unknownOption(name: string, words: readonly string[]): Promise<UsageError> {
  const glued = words.find((word) => /^-[pmo][^=]/.test(word));
  if (glued !== undefined) {
    const [option, value] = [glued.slice(0, 2), glued.slice(2)];
    return new UsageError(`${glued} is no option; write ${option} ${value}, in two words`);
  }
  const { suggest } = await import('../policy/suggest.js');
  const guess = name.length === 1 ? undefined : suggest(name, Object.keys(OPTIONS));
  const advice =
    guess === undefined
      ? 'see seccomp-spoof exec --help (an option of the command goes behind the command)'
      : `did you mean --${guess}?`;
  return new UsageError(`exec has no option ${dashed(name)}; ${advice}`);
}

/** One of the values of an option, or an error that names them. */
async function oneOf<Value extends string>(
  option: OptionName,
  text: string,
  values: readonly Value[],
): Promise<Value> {
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  const { suggest } = await import('../policy/suggest.js');
  const guess = suggest(text, values);
  const advice =
    guess === undefined ? `it is one of ${values.join(', ')}` : `did you mean ${guess}?`;
  throw new UsageError(`--${option} ${JSON.stringify(text)} is not known; ${advice}`);
}

/** The values of each option in the order in which they were given. */
type Given = Partial<Record<OptionName, readonly string[]>>;

async function optionsOf(given: Given): Promise<ExecOptions> {
  for (const [name, values] of Object.entries(given)) {
    if (values.includes('')) {
      throw new UsageError(`option --${name} has an empty value; write one or leave it out`);
    }
  }
  const last = (name: OptionName): string | undefined => given[name]?.at(-1);
  const has = (name: OptionName): boolean => given[name] !== undefined;
  if (has('verbose') && has('quiet')) {
    throw new UsageError('--verbose and --quiet exclude each other; leave one out');
  }
  if (has('stats-format') && !has('stats')) {
    throw new UsageError('--stats-format has no effect without --stats; add --stats');
  }
  if (has('log-level') && !has('log-file')) {
    throw new UsageError('--log-level has no effect without --log-file; add --log-file FILE');
  }
  return {
    help: has('help'),
    policies: given.policy ?? [],
    fstypes: given.fstype ?? [],
    autoPolicy: !has('no-auto-policy'),
    mechanism: await oneOf('mechanism', last('mechanism') ?? DEFAULTS.mechanism, MECHANISMS),
    logFile: last('log-file'),
    logLevel: await oneOf('log-level', last('log-level') ?? DEFAULTS.logLevel, LOG_LEVELS),
    verbose: has('verbose'),
    quiet: has('quiet'),
    stats: has('stats')
      ? await oneOf('stats-format', last('stats-format') ?? 'text', STATS_FORMATS)
      : undefined,
  };
}

/**
 * Takes the options off the words behind `exec`. Throws UsageError. Nothing is loaded for it if
 * there is no option.
 */
export async function parseExec(words: readonly string[]): Promise<ExecLine> {
  const word = words[0];
  if (word === '--') return { options: DEFAULTS, first: 1 };
  if (word === undefined || !word.startsWith('-') || word === '-') {
    return { options: DEFAULTS, first: 0 };
  }
  const parsed = await parseWords(words);
  const given: Given = {};
  const command = parsed['_'];
  const first = words.length - (Array.isArray(command) ? command.length : 0);
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '_') continue;
    if (!Object.hasOwn(OPTIONS, name)) throw await unknownOption(name, words.slice(0, first));
    given[name as OptionName] = (Array.isArray(value) ? value : [value]).map(String);
  }
  return { options: await optionsOf(given), first };
}

/** The policy of the program, where the line does not say which one it is to be. */
function choiceFor(command: readonly string[], options: ExecOptions): Choice | undefined {
  const { policies, fstypes, autoPolicy } = options;
  const isOpen = autoPolicy && policies.length === 0 && fstypes.length === 0;
  return isOpen ? choosePolicy(command[0] ?? '') : undefined;
}

async function requestFor(words: readonly string[], line: ExecLine, io: Io): Promise<ExecRequest> {
  const { options, first } = line;
  const command = words.slice(first);
  const choice = choiceFor(command, options);
  const loaded = await loadPolicy({
    policy: choice?.policy ?? options.policies,
    fstype: options.fstypes,
    baseDirectory: baseDirectory(),
  });
  if (options.verbose) {
    const { describeChoice } = await import('./choice.js');
    const { length } = allRules(loaded.policy);
    const rules = length === 1 ? '1 rule' : `${length} rules`;
    const lines = [
      `policy ${loaded.names.join(', ')}: ${rules}`,
      ...describeChoice(command, choice),
    ];
    io.err(lines.map((text) => `seccomp-spoof: ${text}\n`).join(''));
  }
  let log: ExecRequest['log'];
  if (options.logFile !== undefined) {
    const { logPolicy, openLog } = await import('../run/log.js');
    log = { fd: openLog(resolvePath(options.logFile), options.logFile), level: options.logLevel };
    await logPolicy(log.fd, {
      names: loaded.names,
      rules: allRules(loaded.policy).length,
      command: words.length - first,
    });
  }
  return {
    blob: loaded.blob,
    // The record counts from the verb on.
    first: first + 1,
    mechanism: options.mechanism,
    log,
    verbose: options.verbose,
    quiet: options.quiet,
  };
}

/**
 * Runs `exec` with the words behind it. Becomes the command, or (--stats) ends like it; gives back
 * a status only for --help. Throws UsageError and whatever the steps of the hand-over throw.
 */
export async function execCommand(words: readonly string[], io: Io): Promise<number> {
  const line = await parseExec(words);
  if (line.options.help) {
    io.out(`${await helpText()}\n`);
    return 0;
  }
  if (line.first === words.length) {
    throw new UsageError('exec needs a command; write it behind the options');
  }
  const request = await requestFor(words, line, io);
  if (line.options.stats === undefined) return becomeCommand(request);
  const { attendCommand, endLike } = await import('../run/attend.js');
  const { ending, statistics } = await attendCommand(request);
  if (statistics !== undefined) {
    const { formatStatistics } = await import('../run/statistics.js');
    io.err(
      line.options.stats === 'json'
        ? `${JSON.stringify(statistics)}\n`
        : formatStatistics(statistics),
    );
  }
  return endLike(ending);
}
