/** `seccomp-spoof exec`: runs a command whose filesystem answers follow a policy. */
import { YES } from '../command-line/status.js';
import { UsageError } from '../errors.js';
import { allRules } from '../policy/normalised.js';
import { choosePolicy, nameOfProgram, PROGRAM_DEFAULTS } from '../programs/defaults.js';
import type { Choice } from '../programs/defaults.js';
import { keepStart, packageState } from '../run/again.js';
import { becomeCommand } from '../run/exec.js';
import type { ExecRequest } from '../run/exec.js';
import { baseDirectory, resolvePath } from '../run/origin.js';
import { describePolicy, loadPolicy } from '../run/policy.js';
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

/** Programs whose lines say where their data lies, for parameters of policies. */
const WITH_DIRECTORIES: readonly string[] = ['k3s', 'kubelet'];

/** Programs for which more counts than the words before them. */
const DECIDED_OTHERWISE: readonly string[] = [
  ...new Set([...WITH_DIRECTORIES, ...PROGRAM_DEFAULTS.flatMap(({ programs }) => programs)]),
];

/** Values for parameters, where the line of the program has some. */
async function suggestionsFor(
  command: readonly string[],
  { autoPolicy }: ExecOptions,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (!autoPolicy || !WITH_DIRECTORIES.includes(nameOfProgram(command[0] ?? ''))) return undefined;
  return (await import('../programs/suggested.js')).suggestedFor(command);
}

/** What --verbose says. */
async function tell(
  command: readonly string[],
  choice: Choice | undefined,
  loaded: LoadedPolicy,
  io: Io,
): Promise<void> {
  const { describeChoice } = await import('./choice.js');
  const lines = [describePolicy(loaded), ...(await describeChoice(command, choice))];
  io.err(lines.map((text) => `seccomp-spoof: ${text}\n`).join(''));
}

/** Warns of rules that cannot hold here: one line, whatever their number. False: there are none. */
async function warn(loaded: LoadedPolicy, io: Io): Promise<boolean> {
  const { describeWithoutEffect, withoutEffect } = await import('../policy/effect.js');
  const [first, ...others] = withoutEffect(loaded);
  if (first === undefined) return false;
  const more =
    others.length === 0 ? '' : ` (and ${others.length} more: seccomp-spoof policy check)`;
  io.err(`seccomp-spoof: warning: ${describeWithoutEffect(first)}${more}\n`);
  return true;
}

/** Says what a program that is known cannot live without here: one line, and nothing is added. */
async function remind(command: readonly string[], io: Io): Promise<void> {
  if (nameOfProgram(command[0] ?? '') !== 'k3s') return;
  const { describeMissing } = await import('./choice.js');
  const missing = await describeMissing(command);
  if (missing !== undefined) io.err(`seccomp-spoof: warning: ${missing}\n`);
}

/** Opens the log and writes its first line. */
async function startLog(
  file: string,
  command: readonly string[],
  { names, policy }: LoadedPolicy,
): Promise<number> {
  const { logPolicy, openLog } = await import('../run/log.js');
  const fd = openLog(resolvePath(file), file);
  await logPolicy(fd, file, { names, rules: allRules(policy).length, command: command.length });
  return fd;
}

async function requestFor(
  words: readonly string[],
  { options, first }: ExecLine,
  io: Io,
): Promise<ExecRequest> {
  const command = words.slice(first);
  const { mechanism, inline, stay, logFile, logLevel, verbose, quiet, stats } = options;
  const isPlain =
    logFile === undefined &&
    !verbose &&
    stats === undefined &&
    !DECIDED_OTHERWISE.includes(nameOfProgram(command[0] ?? ''));
  const before = isPlain ? packageState() : [];
  const choice = choiceFor(command, options);
  const request = {
    policy: choice?.policy ?? options.policies,
    fstype: options.fstypes,
    parameters: options.parameters,
    baseDirectory: baseDirectory(),
    insecurePolicy: options.insecurePolicy,
  };
  const loaded = await loadPolicy(request, await suggestionsFor(command, options));
  if (verbose) await tell(command, choice, loaded, io);
  else if (!quiet) await remind(command, io);
  // The rules of this package know about links; reading them costs a start too much.
  const warns = !quiet && loaded.isShipped !== true && (await warn(loaded, io));
  const log =
    logFile === undefined
      ? undefined
      : { fd: await startLog(logFile, command, loaded), level: logLevel };
  // The record counts from the verb on.
  const settled = {
    ...{ blob: loaded.blob, first: first + 1 },
    ...{ mechanism, inline, stay, log, verbose, quiet },
  };
  const { reads } = loaded;
  if (isPlain && !warns && reads !== undefined)
    keepStart({
      package: before,
      request: settled,
      words: words.slice(0, first),
      programs: DECIDED_OTHERWISE,
      reads,
    });
  return settled;
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
  const { ending, statistics, problem } = await attendCommand(request);
  if (problem !== undefined) io.err(`seccomp-spoof: ${problem}\n`);
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
