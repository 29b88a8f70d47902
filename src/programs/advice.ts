/**
 * What no rule can do for a known program, and its own options have to: each with its reason.
 * Only told, never added to the command.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { wholePath } from '../policy/whole-path.js';
import { tryOverlay, type OverlayProbe } from '../run/overlay.js';
import { coveringLine, mountLines, type MountLine } from '../surfaces/mount-lines.js';
import { nameOfProgram, type Environment } from './defaults.js';
import {
  isOn,
  kubeletArgument,
  lastOf,
  readK3s,
  surroundingsHere,
  type GivenOption,
  type K3sLine,
  type Surroundings,
} from './k3s.js';

/** An option that a command should have here. */
export interface AdvisedOption {
  readonly option: string;
  readonly why: string;
  /** The command ends without it, or does not start. */
  readonly vital: boolean;
  /** Its value is yours to choose: it is not on the line. */
  readonly yours: boolean;
}

/** A command line with everything that is advised, and what was added to it. */
export interface Advice {
  /** To be run as it is. */
  readonly line: readonly string[];
  readonly options: readonly AdvisedOption[];
  /** What could not be looked at. */
  readonly notes: readonly string[];
}

/** What is asked of a place; tests answer by themselves. */
export interface Questions {
  /** The type of the filesystem that a path lies, or would lie, on; undefined: not known. */
  readonly filesystem: (path: string) => string | undefined;
  readonly overlay: (path: string) => Promise<OverlayProbe>;
  readonly around: Surroundings;
}

/** How much is tried: all, or only what is in doubt. */
export type Care = 'thorough' | 'quick';

/** What decides whether an option is needed. */
interface Place {
  readonly environment: Environment;
  readonly line: K3sLine;
  readonly env: Surroundings['env'];
  /** The real type of the filesystem with the program's data, or undefined if it is not known. */
  readonly filesystem: string | undefined;
  readonly overlay: OverlayProbe;
}

interface Candidate {
  readonly option: string;
  readonly why: string | ((place: Place) => string);
  readonly vital?: true;
  readonly yours?: true;
  /** For servers alone: an agent has no such option. */
  readonly server?: true;
  needed(place: Place): boolean;
}

const inGvisor = ({ environment }: Place): boolean => environment === 'gvisor';

/** Where it cannot be tried: types that the kernel takes for no upper directory of an overlay. */
const holdsNoOverlay = ({ environment, filesystem = '', overlay }: Place): boolean =>
  overlay.works === null
    ? environment === 'gvisor' || /^(9p|virtiofs|fuse(\..*)?|nfs4?|overlay)$/.test(filesystem)
    : !overlay.works;

/**
 * Types on which memory maps that are shared, or locks, cannot be relied on. In gVisor they are the
 * sandbox's own, whatever lies below.
 */
const holdsNoDatabase = ({ environment, filesystem = '' }: Place): boolean =>
  environment === 'linux' && /^(9p|virtiofs|fuse(\..*)?|nfs4?|cifs|smb3)$/.test(filesystem);

const hasKubelet = ({ line }: Place): boolean => !isOn(line.options, 'disable-agent');

/** The snapshotter that k3s takes if no other is named, which wants an overlay. */
const usesOverlay = ({ line: { options } }: Place): boolean =>
  (lastOf(options, 'snapshotter') ?? 'overlayfs') === 'overlayfs' &&
  !isOn(options, 'docker') &&
  (lastOf(options, 'container-runtime-endpoint') ?? '') === '';

const hasOwnDatabase = ({ line, env }: Place): boolean =>
  (lastOf(line.options, 'datastore-endpoint') ?? env['K3S_DATASTORE_ENDPOINT'] ?? '') === '';

/** A cgroup of its own, which kubelet then makes. */
const cgroup = (name: string): Candidate => ({
  option: `--kubelet-arg=${name}=/k3s`,
  why: 'kubelet does not find this cgroup in a sandbox, and logs so again and again',
  needed: (place) =>
    inGvisor(place) && hasKubelet(place) && kubeletArgument(place.line.options, name) === undefined,
});

const flag = (option: string, why: string, more: Pick<Candidate, 'vital'> = {}): Candidate => ({
  option,
  why,
  ...more,
  server: true,
  needed: (place) => inGvisor(place) && !isOn(place.line.options, option.slice(2)),
});

/** What no option does: others of containerd's snapshotters, its database, or k3s's, fail there as well. */
const NO_K3S = 'and k3s itself does not work there: see docs/k3s.md';

const K3S: readonly Candidate[] = [
  {
    option: '--data-dir=DIRECTORY',
    why:
      'the SQLite datastore is not safe on this filesystem, whatever a rule says about it; name a ' +
      'directory on a local one, or use --datastore-endpoint',
    yours: true,
    server: true,
    needed: (place) => holdsNoDatabase(place) && hasOwnDatabase(place),
  },
  {
    option: '--snapshotter=native',
    why: ({ overlay }) =>
      'images are unpacked by an overlay otherwise, which cannot lie on this filesystem' +
      (overlay.works === false ? ` (${overlay.why})` : '') +
      (/types of files|map a file|socket/.test(overlay.why) ? `; ${NO_K3S}` : ''),
    vital: true,
    needed: (place) => hasKubelet(place) && usesOverlay(place) && holdsNoOverlay(place),
  },
  {
    option: '--flannel-backend=none',
    why: 'a sandbox has no VXLAN; bring a CNI plugin of your own',
    vital: true,
    server: true,
    needed: (place) =>
      inGvisor(place) &&
      ['', 'vxlan'].includes(lastOf(place.line.options, 'flannel-backend') ?? ''),
  },
  flag(
    '--disable-network-policy',
    'its controller wants ipset, which a sandbox has not: it does nothing but fail',
  ),
  flag(
    '--disable-kube-proxy',
    'kube-proxy ends k3s where it finds no iptables table "nat"; services have no address then',
    { vital: true },
  ),
  cgroup('kubelet-cgroups'),
  cgroup('runtime-cgroups'),
];

/** The line that is most likely meant where only the program is named: `k3s` is `k3s server`. */
export function usualLine(words: readonly string[]): readonly string[] {
  const [program, ...rest] = words;
  return program !== undefined && nameOfProgram(program) === 'k3s' && rest.length === 0
    ? [program, 'server']
    : words;
}

/** The nearest directory above that exists, with links resolved. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : existing(parent);
  }
}

/** The line of the mount that a path lies, or would lie, on; as the mount table says it. */
export function mountOf(path: string): MountLine | undefined {
  try {
    const lines = mountLines('mountinfo', readFileSync('/proc/self/mountinfo', 'latin1'));
    const resolved = existing(wholePath(path) ?? path);
    return coveringLine(lines, { mount: null, device: null, resolved });
  } catch {
    return undefined; // No procfs, no table: then nothing is said about the filesystem.
  }
}

const QUESTIONS: Questions = {
  filesystem: (path) => mountOf(path)?.fstype,
  overlay: async (path) => tryOverlay(existing(wholePath(path) ?? path)),
  around: surroundingsHere(),
};

/** `--kubelet-arg=a=b` is about `kubelet-arg=a`, `--data-dir=x` about `data-dir`. */
function subjectOf({ name, value = '' }: GivenOption): string {
  return name === 'kubelet-arg' ? `${name}=${/^(?:--)?([^=]*)/.exec(value)?.[1] ?? ''}` : name;
}

/** The line with these options, and without what says something else about the same. */
function withOption(
  words: readonly string[],
  { options, end }: K3sLine,
  advised: readonly string[],
): string[] {
  const subjects = advised.map((option) => {
    const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(option) ?? [];
    return subjectOf({ name, value });
  });
  const replaced = options.filter((each) => subjects.includes(subjectOf(each)));
  const dropped = new Set(
    replaced.flatMap(({ words: place }) =>
      place === undefined ? [] : Array.from({ length: place.count }, (_, i) => place.at + i),
    ),
  );
  const kept = (from: number, to?: number): string[] =>
    words.slice(from, to).filter((_, i) => !dropped.has(from + i));
  return [...kept(0, end), ...advised, ...kept(end)];
}

/** Elsewhere than on a disk or in memory, or in a sandbox, an overlay may not do. */
const mayLackOverlay = (environment: Environment, filesystem = ''): boolean =>
  environment === 'gvisor' || !/^(ext[234]|xfs|btrfs|f2fs|tmpfs)$/.test(filesystem);

/**
 * The command with the options that it should have here. What it has already, on its line or in its
 * files, is left as it is, unless it says the contrary. Throws InstallError.
 */
export async function advise(
  words: readonly string[],
  environment: Environment,
  care: Care,
  { filesystem, overlay, around }: Questions = QUESTIONS,
): Promise<Advice> {
  const nothing = { line: words, options: [], notes: [] };
  if (nameOfProgram(words[0] ?? '') !== 'k3s') return nothing;
  const line = await readK3s(words, around);
  if (line === undefined) return nothing;
  const data = line.directories.data_dir ?? '/';
  const type = filesystem(data);
  const before = { environment, line, env: around.env, filesystem: type };
  const known = { works: null, why: 'it was not tried' };
  const untried = { ...before, overlay: known };
  const isOpen = care === 'thorough' || mayLackOverlay(environment, type);
  const isAsked = isOpen && hasKubelet(untried) && usesOverlay(untried);
  const tried = isAsked ? await overlay(join(data, 'agent/containerd')) : known;
  const place: Place = { ...before, overlay: tried };
  const options = K3S.filter(
    (candidate) => (candidate.server !== true || line.verb === 'server') && candidate.needed(place),
  ).map(({ option, why, vital = false, yours = false }) => ({
    option,
    why: typeof why === 'string' ? why : why(place),
    vital,
    yours,
  }));
  const own = options.filter(({ yours }) => !yours).map(({ option }) => option);
  return {
    line: own.length === 0 ? words : withOption(words, line, own),
    options,
    notes: line.notes,
  };
}
