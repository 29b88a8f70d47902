/** What `explain` finds out: which rule holds for a path, on which surface, and why not. */
import { messageOf, SpoofError } from '../errors.js';
import { Calls, callsBeforeInline, stoppedCalls } from '../native/policy.js';
import { loadPolicy } from '../run/policy.js';
import type { Mechanism } from '../run/start.js';
import { askSurfaces, askSurfacesBelow } from '../run/surfaces.js';
import { explainFile } from '../surfaces/file-rule.js';
import type { FileFinding } from '../surfaces/file-rule.js';
import { explainMounts, explainOpen, explainStatfs } from '../surfaces/rules.js';
import type { MountsFinding, OpenFinding, StatfsFinding } from '../surfaces/rules.js';
import { policyOf } from './look-line.js';
import type { LookLine } from './look-line.js';

/** How calls would be stopped, and which. */
export interface MechanismFinding {
  /** What was asked for. */
  readonly asked: Mechanism;
  /** What is taken here; null: none is needed, or none works. */
  readonly name: string | null;
  /** Why it is taken, or why there is none. */
  readonly why: string;
  /** The calls that are stopped. */
  readonly stopped: readonly string[];
  /** After how many of them a program answers by itself (`exec --inline`); else why it never does. */
  readonly inline: number | string;
}

/** What `explain --json` prints. Fields are added, never renamed or removed. */
export interface ExplainReport {
  /** A rule holds on some surface; the exit status says the same. */
  readonly holds: boolean;
  readonly path: string;
  /** The path without links; null if it leads nowhere. */
  readonly resolved: string | null;
  /** The policies. */
  readonly policy: readonly string[];
  /** The program that asks; null: any that no rule excepts. */
  readonly program: string | null;
  readonly statfs: StatfsFinding;
  readonly mounts: MountsFinding;
  /** Whether the path is a mount table, and what becomes of it. */
  readonly open: OpenFinding;
  /** Which rule for files holds. */
  readonly file: FileFinding;
  readonly mechanism: MechanismFinding;
}

const GROUPS: Readonly<Record<keyof typeof Calls, readonly string[]>> = {
  statfs: ['statfs', 'fstatfs'],
  fstatfs: ['fstatfs'],
  open: ['open', 'openat', 'openat2'],
  statmount: ['statmount'],
  uname: ['uname'],
  sysinfo: ['sysinfo'],
  paths: ['creat', 'stat', 'access', 'readlink', 'truncate', 'and other calls with a path'],
};

function stoppedBy(blob: Uint8Array): string[] {
  const bits = stoppedCalls(blob);
  const groups = Object.entries(Calls).filter(([, bit]) => (bits & bit) !== 0);
  return [...new Set(groups.flatMap(([group]) => GROUPS[group as keyof typeof Calls]))];
}

/** What would be taken: the supervisor itself chooses, with this policy, as `exec` lets it. */
async function explainMechanism(blob: Uint8Array, asked: Mechanism): Promise<MechanismFinding> {
  const stopped = stoppedBy(blob);
  const byNotify = callsBeforeInline(blob);
  try {
    const { mechanism } = await askSurfacesBelow([], blob, asked);
    const { name, why } = mechanism ?? { name: null, why: 'the policy has no rule' };
    const isLast = typeof byNotify === 'string' || name === 'notify' || name === 'trace';
    const inline = isLast ? byNotify : 'only the mechanisms notify and trace have it';
    return { asked, name, why, stopped, inline };
  } catch (error) {
    if (!(error instanceof SpoofError)) throw error;
    return { asked, name: null, why: messageOf(error), stopped, inline: 'no mechanism works here' };
  }
}

/** Finds out everything that explain says. */
export async function explain(line: LookLine, path: string): Promise<ExplainReport> {
  const { names, blob, policy } = await loadPolicy(policyOf(line));
  const surfaces = await askSurfaces([path]);
  const program = line.program ?? null;
  const ask = { blob, policy, surfaces, path, program };
  const [statfs, mounts] = [explainStatfs(ask), explainMounts(ask)];
  const [open, file] = [explainOpen(ask), explainFile(ask)];
  return {
    holds: [statfs, mounts, file].some(({ rule }) => rule !== null) || open.rules.length > 0,
    path,
    resolved: surfaces.paths[0]?.resolved ?? null,
    policy: names,
    program,
    statfs,
    mounts,
    open,
    file,
    mechanism: await explainMechanism(blob, line.mechanism),
  };
}
