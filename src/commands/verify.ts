/** `seccomp-spoof verify`: do all surfaces tell a wrapped program the same about a filesystem? */
import { plainHelp } from '../command-line/help.js';
import { NO, YES } from '../command-line/status.js';
import { table } from '../command-line/table.js';
import { UsageError } from '../errors.js';
import type { Fallback } from '../native/statistics.js';
import { hexOf, nameOf } from '../policy/filesystems.js';
import { workingDirectory } from '../run/origin.js';
import { loadPolicy } from '../run/policy.js';
import { askSurfaces, askSurfacesBelow } from '../run/surfaces.js';
import type { Surfaces } from '../run/surfaces.js';
import type { Io } from '../run/stdio.js';
import { answersOf } from '../surfaces/answers.js';
import type { Answer, Surface } from '../surfaces/answers.js';
import { judge } from '../surfaces/verdicts.js';
import type { Judged, Verdict } from '../surfaces/verdicts.js';
import { VERIFY_OPTIONS, parseLook, policyOf } from './look-line.js';
import type { LookLine } from './look-line.js';

export const USAGE = {
  synopsis: 'verify [OPTION]... [PATH]...',
  about: `Ask every surface of the kernel about /, the working directory and each PATH: once as it is, and once
below the real mechanism, under the policy. Shows what was said, and what contradicts something else.`,
  options: VERIFY_OPTIONS,
  epilogue: `Without --policy and --fstype the policy is 9p-as-ext4. Ends with 1 if a wrapped program can see a
contradiction, with 0 if not, with 2 if that cannot be found out, or on wrong usage.`,
};

/** What a surface says. */
export interface VerifyAnswer {
  /** f_type in hexadecimal, or null if the surface has no number. */
  readonly type: string | null;
  /** The filesystem by name, or null. */
  readonly name: string | null;
  /** Why it says nothing, or null. */
  readonly error: string | null;
}

export interface VerifySurface {
  readonly surface: Surface;
  readonly native: VerifyAnswer;
  readonly told: VerifyAnswer;
  readonly verdict: Verdict;
  /** What is wrong, or why it does not count; may be empty. */
  readonly reason: string;
}

/** What `verify --json` prints. Fields are added, never renamed or removed. */
export interface VerifyReport {
  /** There is no contradiction; the exit status says the same. */
  readonly ok: boolean;
  /** The policies. */
  readonly policy: readonly string[];
  /** The mechanism that was taken, and why; null: the policy has no rule, nothing is stopped. */
  readonly mechanism: { readonly name: string; readonly why: string } | null;
  readonly paths: readonly { readonly path: string; readonly surfaces: readonly VerifySurface[] }[];
  /** Number of contradictions. */
  readonly contradictions: number;
  /** Why calls were let run that could not be answered exactly. */
  readonly fallbacks: readonly Fallback[];
}

function answerOf({ magic, fstype, error }: Answer): VerifyAnswer {
  return {
    type: magic === null ? null : hexOf(magic),
    name: fstype ?? (magic === null ? null : (nameOf(magic) ?? null)),
    error,
  };
}

function judgePath(index: number, native: Surfaces, told: Surfaces): Judged[] {
  const [before, after] = [native.paths[index], told.paths[index]];
  if (before === undefined || after === undefined) return [];
  return judge(answersOf(native, before), answersOf(told, after));
}

/** Asks, natively and wrapped. Throws UsageError for a path that nobody can look at. */
export async function verify(line: LookLine): Promise<VerifyReport> {
  const places = [...new Set(['/', ...workingDirectory(), ...line.paths])];
  const { names, blob } = await loadPolicy(policyOf(line));
  const native = await askSurfaces(places);
  const wrapped = await askSurfacesBelow(places, blob, line.mechanism);
  const paths = places.map((path, index) => {
    const judged = judgePath(index, native, wrapped.surfaces);
    const why = judged[0]?.told.error ?? null;
    if (
      why !== null &&
      judged.every(({ native: a, told: b }) => a.error !== null && b.error !== null)
    ) {
      throw new UsageError(`cannot look at ${path}: ${why}; name a path that can be reached`);
    }
    return {
      path,
      surfaces: judged.map((each) => ({
        ...each,
        native: answerOf(each.native),
        told: answerOf(each.told),
      })),
    };
  });
  const contradictions = paths
    .flatMap(({ surfaces }) => surfaces)
    .filter(({ verdict }) => verdict === 'contradiction').length;
  return {
    ok: contradictions === 0,
    policy: names,
    mechanism: wrapped.mechanism,
    paths,
    contradictions,
    fallbacks: wrapped.fallbacks,
  };
}

function cell(surface: Surface, { type, name, error }: VerifyAnswer): string {
  if (error !== null) return error;
  if (surface === '/proc/filesystems') return `lists ${name ?? ''}`;
  return type === null ? (name ?? '') : `${name ?? '?'} (${type})`;
}

const MARKS: Readonly<Record<Verdict, (reason: string) => string>> = {
  agrees: () => '',
  silent: () => '',
  contradiction: (reason) => `CONTRADICTION: ${reason}`,
  'natively so': (reason) => reason,
  'not covered': (reason) => `not covered: ${reason}`,
};

/** What it all comes to, and what to do. */
function conclusion({ paths, contradictions }: VerifyReport): string[] {
  const all = paths.flatMap(({ surfaces }) => surfaces);
  const uncovered = all.filter(({ verdict }) => verdict === 'not covered').length;
  const aside = uncovered === 0 ? '' : `, ${uncovered} not covered`;
  if (contradictions === 0) return [`no contradiction${aside}`];
  const where = paths.find(({ surfaces }) =>
    surfaces.some(({ verdict }) => verdict === 'contradiction'),
  );
  return [
    `${contradictions} ${contradictions === 1 ? 'contradiction' : 'contradictions'}${aside}`,
    `seccomp-spoof explain ${where?.path ?? 'PATH'} (with the same options) says which rules hold`,
  ];
}

/** The report as text, a newline at the end. */
export function formatVerify(report: VerifyReport): string {
  const { policy, mechanism, paths, fallbacks } = report;
  const how =
    mechanism === null
      ? 'none is needed: the policy has no rule'
      : `${mechanism.name}: ${mechanism.why}`;
  const lines = [`policy     ${policy.join(', ')}`, `mechanism  ${how}`, ''];
  for (const { path, surfaces } of paths) {
    const rows = surfaces.map(({ surface, native, told, verdict, reason }) => [
      surface,
      cell(surface, native),
      cell(surface, told),
      MARKS[verdict](reason),
    ]);
    lines.push(path, ...table([['surface', 'natively', 'told', ''], ...rows]), '');
  }
  if (fallbacks.length > 0) {
    const rows = fallbacks.map(({ reason, count }) => [reason, String(count)]);
    lines.push('let run without an exact answer', ...table(rows), '');
  }
  return [...lines, ...conclusion(report), ''].join('\n');
}

/**
 * Runs `verify`: 0 if no surface contradicts another one, else 1. Throws UsageError, PolicyError,
 * and whatever keeps the surfaces from being made.
 */
export async function verifyCommand(words: readonly string[], io: Io): Promise<number> {
  const line = await parseLook('verify', USAGE.options, words);
  if (line.help) {
    io.out(plainHelp(USAGE));
    return YES;
  }
  const report = await verify(line);
  io.out(line.json ? `${JSON.stringify(report)}\n` : formatVerify(report));
  return report.ok ? YES : NO;
}
