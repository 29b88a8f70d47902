/** `seccomp-spoof exec`: runs a command whose filesystem answers follow a policy. */
import { YES } from '../command-line/status.js';
import { UsageError } from '../errors.js';
import { allRules } from '../policy/normalised.js';
import { choosePolicy } from '../programs/defaults.js';
import type { Choice } from '../programs/defaults.js';
import { becomeCommand } from '../run/exec.js';
import type { ExecRequest } from '../run/exec.js';
import { baseDirectory, resolvePath } from '../run/origin.js';
import { loadPolicy } from '../run/policy.js';
import type { LoadedPolicy } from '../run/policy.js';
import type { Io } from '../run/stdio.js';
import { USAGE, parseExec } from './exec-line.js';
import type { ExecLine, ExecOptions } from './exec-line.js';

/** The policy of the program, where the line does not say which one it is to be. */
function choiceFor(command: readonly string[], options: ExecOptions): Choice | undefined {
  const { policies, fstypes, autoPolicy } = options;
  const isOpen = autoPolicy && policies.length === 0 && fstypes.length === 0;
  return isOpen ? choosePolicy(command[0] ?? '') : undefined;
}

/** What --verbose says. */
async function tell(
  command: readonly string[],
  choice: Choice | undefined,
  { names, policy }: LoadedPolicy,
  io: Io,
): Promise<void> {
  const { describeChoice } = await import('./choice.js');
  const { length } = allRules(policy);
  const rules = length === 1 ? '1 rule' : `${length} rules`;
  const lines = [`policy ${names.join(', ')}: ${rules}`, ...describeChoice(command, choice)];
  io.err(lines.map((text) => `seccomp-spoof: ${text}\n`).join(''));
}

/** Opens the log and writes its first line. */
async function startLog(
  file: string,
  command: readonly string[],
  { names, policy }: LoadedPolicy,
): Promise<number> {
  const { logPolicy, openLog } = await import('../run/log.js');
  const fd = openLog(resolvePath(file), file);
  await logPolicy(fd, { names, rules: allRules(policy).length, command: command.length });
  return fd;
}

async function requestFor(
  words: readonly string[],
  { options, first }: ExecLine,
  io: Io,
): Promise<ExecRequest> {
  const command = words.slice(first);
  const choice = choiceFor(command, options);
  const loaded = await loadPolicy({
    policy: choice?.policy ?? options.policies,
    fstype: options.fstypes,
    baseDirectory: baseDirectory(),
  });
  const { mechanism, logFile, logLevel, verbose, quiet } = options;
  if (verbose) await tell(command, choice, loaded, io);
  const log =
    logFile === undefined
      ? undefined
      : { fd: await startLog(logFile, command, loaded), level: logLevel };
  // The record counts from the verb on.
  return { blob: loaded.blob, first: first + 1, mechanism, log, verbose, quiet };
}

/**
 * Runs `exec` with the words behind it. Becomes the command, or (--stats) ends like it; gives back
 * a status only for --help. Throws UsageError and whatever the steps of the hand-over throw.
 */
export async function execCommand(words: readonly string[], io: Io): Promise<number> {
  const line = await parseExec(words);
  if (line.options.help) {
    const { yargsHelp } = await import('../command-line/help.js');
    io.out(await yargsHelp(USAGE));
    return YES;
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
