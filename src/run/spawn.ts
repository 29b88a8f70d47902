/** `spawn()` of the library: a wrapped command as an ordinary child process of the caller. */
import { spawn as spawnProcess } from 'node:child_process';
import type {
  ChildProcess,
  SpawnOptions as NodeSpawnOptions,
  StdioOptions,
} from 'node:child_process';
import { closeSync } from 'node:fs';

import { messageOf, SupervisorError, systemCode, UsageError } from '../errors.js';
import { memfd } from '../native/handover.js';
import { supervisorPath } from '../native/paths.js';
import { checkBlob } from '../native/policy.js';
import { newSegment } from '../native/statistics.js';
import { openLog } from './log.js';
import {
  AS_IN_NODE,
  checkArgument,
  checkOptions,
  FLAG,
  FSTYPE,
  OBJECT,
  oneOf,
  PARAMETERS,
  POLICY,
  SIGNAL,
  TEXT,
  TEXTS,
} from './options.js';
import type { Check } from './options.js';
import { loadPolicy } from './policy.js';
import type { LoadedPolicy, PolicyOptions } from './policy.js';
import { INLINE, LOG_LEVELS, MECHANISMS, startArguments, SUPERVISOR_NAME } from './start.js';
import type { Inline, LogLevel, Mechanism } from './start.js';
import { readStatistics } from './statistics.js';
import type { Statistics } from './statistics.js';

/** Options that mean what they mean in child_process.spawn(). */
type CommonOptions = Pick<
  NodeSpawnOptions,
  | 'cwd'
  | 'env'
  | 'stdio'
  | 'uid'
  | 'gid'
  | 'detached'
  | 'signal'
  | 'killSignal'
  | 'timeout'
  | 'serialization'
>;

/** Options of spawn(): some of child_process.spawn(), and what the command is to be told. */
export interface SpawnOptions extends CommonOptions {
  /** What loadPolicy() gave, or what it is to load. Default: 9p-as-ext4. */
  readonly policy?: LoadedPolicy | PolicyOptions['policy'];
  /** Filesystem types as pairs: `{ '9p': 'ext4' }`. Not together with a loaded policy. */
  readonly fstype?: PolicyOptions['fstype'];
  /** Values of parameters: `{ data_dir: '/srv/k3s' }`. Not together with a loaded policy. */
  readonly parameters?: PolicyOptions['parameters'];
  /** Root uses policies that others could have written, too. Not together with a loaded policy. */
  readonly insecurePolicy?: PolicyOptions['insecurePolicy'];
  /** Default: `auto`. */
  readonly mechanism?: Mechanism | undefined;
  /** Whether programs answer calls by themselves (docs/inline.md). Default: `off`. */
  readonly inline?: Inline | undefined;
  /** File to which JSON lines are appended. Relative to the working directory of this process. */
  readonly logFile?: string | undefined;
  /** Default: `info`. */
  readonly logLevel?: LogLevel | undefined;
}

/** A child process with the statistics of what was answered to it. */
export interface SpoofedProcess extends ChildProcess {
  /**
   * What the supervisor counted so far. Works at any time, also after the end of the command;
   * processes that it left behind go on being counted.
   */
  statistics(): Statistics;
}

/** Options of child_process.spawn() that have no meaning here, and what to do instead. */
const NOT_HERE = {
  shell: "no shell is started: give the command 'sh' and the arguments ['-c', line]",
  argv0: "give a command that sets it: 'bash' and ['-c', 'exec -a NAME COMMAND']",
};

const STDIO_WORDS = ['pipe', 'overlapped', 'ignore', 'inherit'];

const stdioWord = oneOf(STDIO_WORDS);

const OPTIONS = {
  policy: (value: unknown) => (isLoaded(value) ? undefined : POLICY(value)),
  fstype: FSTYPE,
  parameters: PARAMETERS,
  insecurePolicy: FLAG,
  mechanism: oneOf(MECHANISMS),
  inline: oneOf(INLINE),
  logFile: TEXT,
  logLevel: oneOf(LOG_LEVELS),
  cwd: AS_IN_NODE,
  env: OBJECT,
  stdio: (value: unknown) => (Array.isArray(value) ? undefined : stdioWord(value)),
  uid: AS_IN_NODE,
  gid: AS_IN_NODE,
  detached: AS_IN_NODE,
  signal: SIGNAL,
  killSignal: AS_IN_NODE,
  timeout: AS_IN_NODE,
  serialization: AS_IN_NODE,
} satisfies Record<keyof SpawnOptions, Check>;

function isLoaded(policy: unknown): policy is LoadedPolicy {
  return typeof policy === 'object' && policy !== null && 'blob' in policy;
}

async function policyFor(options: SpawnOptions): Promise<LoadedPolicy> {
  const { policy, fstype, parameters, insecurePolicy } = options;
  if (!isLoaded(policy)) return loadPolicy({ policy, fstype, parameters, insecurePolicy });
  for (const [name, value] of Object.entries({ fstype, parameters, insecurePolicy })) {
    if (value === undefined) continue;
    throw new UsageError(
      `spawn: ${name} has no effect on a loaded policy; give it to loadPolicy()`,
    );
  }
  const fault = policy.blob instanceof Uint8Array ? checkBlob(policy.blob) : 'it has no blob';
  if (fault === undefined) return policy;
  throw new UsageError(`spawn: the policy is not what loadPolicy() gave: ${fault}; load it again`);
}

type StdioEntries = Exclude<StdioOptions, string>;

function stdioEntries(stdio: StdioOptions | undefined): StdioEntries {
  const entries = Array.isArray(stdio) ? [...stdio] : Array.from({ length: 3 }, () => stdio);
  while (entries.length < 3) entries.push('pipe');
  return entries;
}

/** Segments are closed with the object that reads them: nobody else knows when it is done. */
const segments = new FinalizationRegistry<number>(closeSync);

/** What to do where Node could not start a file that is there. */
const START_ADVICE: Partial<Record<string, string>> = {
  ENOENT: 'does the directory cwd exist?',
  EPERM: 'uid and gid can be changed by root only',
};

/** Starts the process; what Node refuses of the options it says before that. Throws UsageError. */
function startProcess(...words: Parameters<typeof spawnProcess>): ChildProcess {
  try {
    return spawnProcess(...words);
  } catch (error) {
    const isRefused = systemCode(error)?.startsWith('ERR_') === true;
    throw isRefused ? new UsageError(`spawn: ${messageOf(error)}; see docs/library.md`) : error;
  }
}

async function started(child: ChildProcess, supervisor: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      if (error.name === 'AbortError') {
        reject(error);
        return;
      }
      const advice = START_ADVICE[systemCode(error) ?? ''] ?? 'see cwd, uid, gid and the limits';
      const text = `cannot start ${supervisor}: ${messageOf(error)}; ${advice}`;
      reject(new SupervisorError(text, { cause: error }));
    };
    child.once('error', fail);
    child.once('spawn', () => {
      child.removeListener('error', fail);
      resolve();
    });
  });
}

/**
 * Starts a command under a policy. The promise is fulfilled when its process runs, before any event
 * but `spawn`. What becomes of the command is told by its status: 125 if the supervisor could not
 * do its work (standard error says why), 126 if the command cannot be run, 127 if there is none,
 * otherwise its own. Rejected with UsageError (an option that there is not, or a value that it cannot
 * have), PolicyError, FileError, InstallError, NativeError, SupervisorError, or AbortError; nothing
 * has been started then.
 */
export async function spawn(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): Promise<SpoofedProcess> {
  checkArgument('spawn', 'the command', command, TEXT);
  checkArgument('spawn', 'the second argument', args, TEXTS);
  checkOptions('spawn', options, OPTIONS, NOT_HERE);
  const supervisor = supervisorPath();
  const { policy, fstype, parameters, insecurePolicy, ...settings } = options;
  const { mechanism, inline, logFile, logLevel, stdio, ...common } = settings;
  const { blob } = await policyFor({ policy, fstype, parameters, insecurePolicy });
  // Node would start the process, and report the abort when nobody listens yet.
  common.signal?.throwIfAborted();
  const passed: number[] = [];
  const segment = newSegment();
  try {
    const entries = stdioEntries(stdio);
    const pass = (fd: number): number => {
      passed.push(fd);
      return entries.push(fd) - 1;
    };
    const words = startArguments({
      policy: pass(memfd('seccomp-spoof-policy', blob, true)),
      segment: entries.push(segment) - 1,
      mechanism: mechanism ?? 'auto',
      inline,
      log:
        logFile === undefined
          ? undefined
          : { fd: pass(openLog(logFile, logFile)), level: logLevel ?? 'info' },
    });
    const child = startProcess(supervisor, [...words, '--', command, ...args], {
      ...common,
      argv0: SUPERVISOR_NAME,
      stdio: entries,
    });
    await started(child, supervisor);
    const spoofed = Object.assign(child, {
      statistics: () => readStatistics(segment, blob),
    });
    segments.register(spoofed, segment);
    return spoofed;
  } catch (error) {
    closeSync(segment);
    throw error;
  } finally {
    for (const fd of passed) closeSync(fd);
  }
}
