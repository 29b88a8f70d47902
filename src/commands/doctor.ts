/** `seccomp-spoof doctor`: would `exec` work here, what would it change, and what is missing? */
import { realpathSync, statfsSync } from 'node:fs';

import { parseFlags } from '../command-line/flags.js';
import { plainHelp } from '../command-line/help.js';
import { HELP } from '../command-line/option.js';
import { NO, YES } from '../command-line/status.js';
import { table } from '../command-line/table.js';
import { messageOf, SpoofError, systemCode } from '../errors.js';
import { matchStatfs, StatfsField } from '../native/policy.js';
import { hexOf, nameOf, spellingOf } from '../policy/filesystems.js';
import { matchMounts } from '../native/mounts.js';
import { allRules, type CompiledPolicy } from '../policy/normalised.js';
import { advise, mountOf, usualLine } from '../programs/advice.js';
import type { AdvisedOption } from '../programs/advice.js';
import { suggestedFor } from '../programs/suggested.js';
import { choosePolicy, ENVIRONMENT_SIGNS } from '../programs/defaults.js';
import type { Choice, Environment } from '../programs/defaults.js';
import { workingDirectory } from '../run/origin.js';
import { loadPolicy } from '../run/policy.js';
import { probe } from '../run/probe.js';
import type { ProbeReport } from '../run/probe.js';
import type { Io } from '../run/stdio.js';
import { commandLine, describeAdvice } from './choice.js';
import { versions } from './version.js';
import type { Versions } from './version.js';

export const USAGE = {
  synopsis: 'doctor [--json] [COMMAND [ARGUMENT]...]',
  about: `Try out whether seccomp-spoof works on this machine, and say why not if it does not. With a COMMAND:
also which policy exec takes for it, and which options of its own it needs here, each with the reason
why no rule can replace it. The command is not run.
Ends with 0 if exec would work, with 1 if it would not.`,
  options: { json: { about: 'as one JSON object (docs/doctor.md)' }, help: HELP },
};

/** What a path lies on, and what the policy would tell a command about it. */
export interface DoctorFilesystem {
  readonly path: string;
  /** f_type in hexadecimal, or null if it could not be looked at. */
  readonly type: string | null;
  /** Name of the type, or null if it is not known. */
  readonly name: string | null;
  /** The rule of the policy that holds, or null. */
  readonly rule: string | null;
  /** The type that a command would be told (name or hexadecimal), or null: the real one. */
  readonly told: string | null;
  /** Why the path could not be looked at, or null. */
  readonly error: string | null;
}

/** A command that \`exec\` would be given. */
export interface DoctorCommand {
  readonly line: readonly string[];
  /** The program that has a policy of its own, or null: it gets the default one. */
  readonly program: string | null;
  /** What no rule can do here: options that it should have, and does not have on the line. */
  readonly options: readonly AdvisedOption[];
  /** The line with these options, but for those whose values are yours to choose. */
  readonly advised: readonly string[];
  /** Where its data lies, as far as the policy has to know, or empty. */
  readonly directories: readonly DoctorDirectory[];
  /** Files of the command that could not be looked at. */
  readonly notes: readonly string[];
}

/** A directory of the command that is a parameter of the policy. */
export interface DoctorDirectory {
  /** The name of the parameter. */
  readonly parameter: string;
  /** With links resolved. */
  readonly path: string;
  /** The mount that it lies on, or would lie on; null: not known. */
  readonly mount: string | null;
  /** Its type, as mount tables have it; null: not known. */
  readonly fstype: string | null;
  /** The rule for that line of the tables, or null. */
  readonly rule: string | null;
  /** The type that the command reads in that line, or null: the real one. */
  readonly told: string | null;
}

/** What `doctor --json` prints. Fields are added, never renamed or removed. */
export interface DoctorReport {
  /** Whether `exec` would work. */
  readonly ok: boolean;
  readonly versions: Versions;
  /** What the supervisor tried out, or null if it could not run. */
  readonly probe: ProbeReport | null;
  /** The mechanism that `exec` would take, or null. */
  readonly mechanism: string | null;
  /** The name of the policy that \`exec\` takes by itself: for the command, or the default one. */
  readonly policy: string | null;
  /** What kind of kernel this is taken for, as far as policies differ by it, and the sign of it. */
  readonly environment: { readonly kind: Environment; readonly why: string };
  /** What was found out about the command on the line, or null without one. */
  readonly command: DoctorCommand | null;
  readonly filesystems: readonly DoctorFilesystem[];
  /** What keeps `exec` from working. */
  readonly problems: readonly string[];
  /** What to do next. */
  readonly next: readonly string[];
}

/** Where programs look most: the root, memory, where servers keep data, and where they stand. */
function placesToLookAt(): string[] {
  return [...new Set(['/', '/tmp', '/var/lib', ...workingDirectory()])];
}

function lookAt(path: string, blob: Uint8Array | undefined): DoctorFilesystem {
  const nothing = { path, type: null, name: null, rule: null, told: null, error: null };
  try {
    // A type with the highest bit set may come sign-extended.
    const type = BigInt.asUintN(32, statfsSync(path, { bigint: true }).type);
    const found = { ...nothing, type: hexOf(Number(type)), name: nameOf(Number(type)) ?? null };
    const match = blob && matchStatfs(blob, type, realpathSync(path));
    if (match === undefined) return found;
    const told = match.answer.get(StatfsField.type);
    return {
      ...found,
      rule: match.name,
      told: told === undefined ? null : spellingOf(Number(told)),
    };
  } catch (error) {
    if (error instanceof SpoofError) throw error;
    return { ...nothing, error: systemCode(error) ?? messageOf(error) };
  }
}

/** The value, or undefined with the reason among the problems: a doctor looks on. */
async function attempt<T>(problems: string[], ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SpoofError)) throw error;
    const message = messageOf(error);
    if (!problems.includes(message)) problems.push(message);
    return undefined;
  }
}

export const IN_A_CONTAINER = 'in a container: allow seccomp(2) and ptrace(2), or run it outside';

function advice(report: Omit<DoctorReport, 'next'>): string[] {
  const { ok, probe: probed, filesystems } = report;
  if (!ok) {
    const next = ['correct what is named under problems, then run doctor again'];
    if (probed !== null && probed.mechanism === null) {
      next.push(IN_A_CONTAINER);
    }
    return next;
  }
  if (report.command !== null) return [`seccomp-spoof exec ${commandLine(report.command.advised)}`];
  if (filesystems.some(({ told }) => told !== null)) {
    return ['seccomp-spoof exec COMMAND'];
  }
  const root = filesystems.find(({ path }) => path === '/');
  const from = root?.name ?? root?.type ?? '9p';
  const told = from === 'ext4' ? 'xfs' : 'ext4';
  return [
    'the default policy changes nothing at these places; to be told another type: ' +
      `seccomp-spoof exec --fstype ${from}=${told} -- COMMAND`,
  ];
}

/** What a policy tells the command of the mount that a directory lies on. */
function directoryOf(parameter: string, path: string, policy: CompiledPolicy): DoctorDirectory {
  const { point = null, fstype = null } = mountOf(path) ?? {};
  const nothing = { parameter, path, mount: point, fstype, rule: null, told: null };
  if (point === null || fstype === null) return nothing;
  const index = matchMounts(policy.blob, fstype, point, null);
  const rule = index === undefined ? undefined : allRules(policy.policy)[index];
  if (rule === undefined) return nothing;
  const told = 'fstype' in rule.answer ? rule.answer.fstype : undefined;
  return { ...nothing, rule: rule.id, told: told ?? null };
}

async function commandFor(
  words: readonly string[],
  choice: Choice,
  values: Readonly<Record<string, string>>,
  policy: CompiledPolicy | undefined,
): Promise<DoctorCommand | null> {
  if (words.length === 0) return null;
  const { line: advised, options, notes } = await advise(words, choice.environment, 'thorough');
  const { parameters = [] } = policy ?? {};
  const directories = parameters.map(
    ({ name, value = '' }) => [name, values[name] ?? value] as const,
  );
  return {
    line: words,
    program: choice.program ?? null,
    options,
    advised,
    directories:
      policy === undefined
        ? []
        : directories.map(([name, path]) => directoryOf(name, path, policy)),
    notes,
  };
}

/** Without one of the first three, or without the last, nothing works. All else only costs. */
const CAUSES: readonly string[] = ['notify', 'trace', 'ptrace', 'proc'];

/** Finds out everything that doctor says; `words`: the command that it is about, or none. */
export async function examine(given: readonly string[] = []): Promise<DoctorReport> {
  const words = usualLine(given);
  const choice = choosePolicy(words[0] ?? '');
  const problems: string[] = [];
  const found = versions();
  if (found.problem !== undefined) problems.push(found.problem);
  const probed = (await attempt(problems, probe)) ?? null;
  if (probed !== null && probed.mechanism === null) {
    const missing = probed.features
      .filter(({ name, ok }) => !ok && CAUSES.includes(name))
      .map(({ name, why }) => `${name}: ${why}`);
    problems.push(`no mechanism works here (${missing.join('; ')})`);
  }
  const values = await suggestedFor(words);
  const policy = await attempt(problems, () => loadPolicy({ policy: choice.policy }, values));
  const usable = found.problem === undefined ? policy : undefined;
  const blob = usable?.blob;
  const report = {
    ok: problems.length === 0,
    versions: found.versions,
    probe: probed,
    mechanism: probed?.mechanism ?? null,
    policy: policy?.names[0] ?? null,
    environment: { kind: choice.environment, why: ENVIRONMENT_SIGNS[choice.environment] },
    command: await commandFor(words, choice, values, usable),
    filesystems: placesToLookAt().map((path) => lookAt(path, blob)),
    problems,
  };
  return { ...report, next: advice(report) };
}

function filesystemRow(found: DoctorFilesystem, policy: string): string[] {
  if (found.type === null) return [found.path, '-', '-', found.error ?? ''];
  const told =
    found.told === null
      ? `${policy} leaves it alone`
      : `${policy} says ${found.told} (rule ${found.rule ?? ''})`;
  return [found.path, found.name ?? '?', found.type, told];
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}

function machineRows({ versions: found, probe: probed, environment }: DoctorReport): string[][] {
  const rows = [
    ['package', `${found.package}, ${found.platform}, Node ${found.node}`],
    ['kernel', found.kernel],
    ['environment', environment.why],
  ];
  if (probed === null) return rows;
  const { uid, capSysAdmin, capSysPtrace, yama } = probed;
  return [
    ...rows,
    [
      'privileges',
      `uid ${uid}, CAP_SYS_ADMIN ${yes(capSysAdmin)}, CAP_SYS_PTRACE ${yes(capSysPtrace)}`,
    ],
    ['Yama', yama === null ? 'not in this kernel' : `ptrace_scope ${yama}`],
  ];
}

function directoryRow({ parameter, path, mount, fstype, rule, told }: DoctorDirectory): string[] {
  if (mount === null || fstype === null) return [parameter, path];
  const tables =
    told === null ? fstype : `${fstype}, mount tables say ${told} (rule ${rule ?? ''})`;
  return [parameter, `${path}, on ${mount}: ${tables}`];
}

function commandLines({ command, policy }: DoctorReport): string[] {
  if (command === null) return [];
  const { line, program, options, advised, directories, notes } = command;
  const why = program === null ? 'the default policy' : `the policy for ${program} here`;
  const rows = [
    ['line', commandLine(line)],
    ['policy', `${policy ?? 'none'}, ${why}`],
  ];
  const advice = describeAdvice({ line: advised, options, notes });
  const places = table(directories.map(directoryRow));
  return ['command', ...table(rows), ...places, ...advice.map((text) => `  ${text}`), ''];
}

/** What is different where a parent stays. */
export const STAYS: readonly string[] = [
  'a parent stays: only an ancestor may read a program here (kernel.yama.ptrace_scope is 1), so the command',
  '  has another process id than exec, which passes signals on and ends as the command ends (docs/exec.md)',
];

/** The report as text, a newline at the end. */
export function formatReport(report: DoctorReport): string {
  const lines = ['machine', ...table(machineRows(report)), ''];
  if (report.probe !== null) {
    const rows = report.probe.features.map(({ name, ok, why }) => [name, yes(ok), why]);
    lines.push('features', ...table(rows), '', `mechanism: ${report.mechanism ?? 'none'}`);
    if (report.probe.stays) lines.push(...STAYS);
    lines.push('');
  }
  const policy = report.policy ?? 'the default policy';
  const places = report.filesystems.map((found) => filesystemRow(found, policy));
  lines.push('filesystems', ...table(places), '');
  lines.push(...commandLines(report));
  if (report.problems.length > 0) {
    lines.push('problems', ...report.problems.map((problem) => `  ${problem}`), '');
  }
  lines.push(report.ok ? 'exec works here.' : 'exec does not work here.', 'next');
  return [...lines, ...report.next.map((step) => `  ${step}`), ''].join('\n');
}

/** Runs `doctor`: 0 if exec would work here, else 1. Throws UsageError. */
export async function doctorCommand(words: readonly string[], io: Io): Promise<number> {
  const first = words.findIndex((word) => !word.startsWith('-') || word === '--');
  const end = first < 0 ? words.length : first;
  const flags = await parseFlags('doctor', words.slice(0, end), USAGE.options);
  if (flags.help) {
    io.out(plainHelp(USAGE));
    return YES;
  }
  const report = await examine(words.slice(words[end] === '--' ? end + 1 : end));
  io.out(flags.json ? `${JSON.stringify(report)}\n` : formatReport(report));
  return report.ok ? YES : NO;
}
