/**
 * What no rule can do for a known program, and its own options have to: each with its reason.
 * Only told, never added to the command.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

import { coveringLine, mountLines } from '../surfaces/mount-lines.js';
import { nameOfProgram, type Environment } from './defaults.js';

/** An option that a command should have here. */
export interface AdvisedOption {
  readonly option: string;
  readonly why: string;
}

/** A command line with everything that is advised, and what was added to it. */
export interface Advice {
  readonly line: readonly string[];
  readonly options: readonly AdvisedOption[];
}

/** What decides whether an option is needed. */
interface Place {
  readonly environment: Environment;
  /** The real type of the filesystem with the program's data, or undefined if it is not known. */
  readonly filesystem: string | undefined;
}

interface Candidate extends AdvisedOption {
  /** Options of the user that make this one needless, besides itself. */
  readonly instead?: readonly string[];
  needed(place: Place): boolean;
}

interface Verb {
  /** Where the program keeps its data, and the option that says so. */
  readonly data: string;
  readonly dataOption: string;
  readonly candidates: readonly Candidate[];
}

const inGvisor = ({ environment }: Place): boolean => environment === 'gvisor';
/** Types that the kernel takes for no upper directory of an overlay. */
const holdsNoOverlay = ({ filesystem = '' }: Place): boolean =>
  /^(9p|virtiofs|fuse(\..*)?|nfs4?|overlay)$/.test(filesystem);
/**
 * Types on which memory maps that are shared, or locks, cannot be relied on. In gVisor they are the
 * sandbox's own, whatever lies below.
 */
const holdsNoDatabase = ({ environment, filesystem = '' }: Place): boolean =>
  environment === 'linux' && /^(9p|virtiofs|fuse(\..*)?|nfs4?|cifs|smb3)$/.test(filesystem);

const K3S_NODE: readonly Candidate[] = [
  {
    option: '--snapshotter=native',
    why: 'images are unpacked by an overlay otherwise, which cannot lie on this filesystem',
    needed: (place) => inGvisor(place) || holdsNoOverlay(place),
  },
  {
    option: '--kubelet-arg=cgroups-per-qos=false',
    why: 'the cgroups of a sandbox have no controllers for the quality of service of pods',
    needed: inGvisor,
  },
  {
    option: '--kubelet-arg=enforce-node-allocatable=',
    why: 'nothing can be enforced without those cgroups, and kubelet ends if it is to',
    needed: inGvisor,
  },
  {
    option: '--kubelet-arg=fail-swap-on=false',
    why: 'what a sandbox says about swap is not its own, and kubelet ends if there is any',
    needed: inGvisor,
  },
];

const K3S_SERVER: readonly Candidate[] = [
  {
    option: '--data-dir=DIRECTORY',
    instead: ['--datastore-endpoint'],
    why:
      'the SQLite datastore is not safe on this filesystem, whatever a rule says about it; name a ' +
      'directory on a local one, or use --datastore-endpoint',
    needed: holdsNoDatabase,
  },
  ...K3S_NODE,
  {
    option: '--flannel-backend=none',
    why: 'a sandbox has no VXLAN; bring a CNI plugin of your own',
    needed: inGvisor,
  },
  {
    option: '--disable-network-policy',
    why: 'its controller wants ipset and iptables, which a sandbox has not',
    needed: inGvisor,
  },
];

const K3S_DATA = { data: '/var/lib/rancher/k3s', dataOption: '--data-dir' } as const;

const KUBELET: Verb = {
  data: '/var/lib/kubelet',
  dataOption: '--root-dir',
  candidates: K3S_NODE.filter(({ option }) => option.startsWith('--kubelet-arg=')).map((each) => ({
    ...each,
    option: each.option.replace('--kubelet-arg=', '--'),
  })),
};

/** What the words are about; the first word is the program. Undefined: nothing is known about it. */
function verbOf(words: readonly string[]): Verb | undefined {
  const program = nameOfProgram(words[0] ?? '');
  if (program === 'kubelet') return KUBELET;
  if (program !== 'k3s') return undefined;
  const verb = words.find((word) => word === 'server' || word === 'agent');
  if (verb === undefined) return undefined;
  return { ...K3S_DATA, candidates: verb === 'server' ? K3S_SERVER : K3S_NODE };
}

/** The line that is most likely meant where only the program is named: `k3s` is `k3s server`. */
export function usualLine(words: readonly string[]): readonly string[] {
  const [program, ...rest] = words;
  return program !== undefined && nameOfProgram(program) === 'k3s' && rest.length === 0
    ? [program, 'server']
    : words;
}

/** `--kubelet-arg=a=b` is about `--kubelet-arg=a`, `--data-dir=x` about `--data-dir`. */
function subjectOf(option: string): string {
  const pattern = option.startsWith('--kubelet-arg=') ? /^--kubelet-arg=[^=]*/ : /^[^=]*/;
  return pattern.exec(option)?.[0] ?? option;
}

/** The values of options, whichever way they are written: `--a=b` or `--a b`. */
function joined(words: readonly string[]): string[] {
  return words.map((word, i) => (word.includes('=') ? word : `${word}=${words[i + 1] ?? ''}`));
}

function has(words: readonly string[], option: string): boolean {
  const subject = subjectOf(option);
  return words.includes(subject) || joined(words).some((word) => word.startsWith(`${subject}=`));
}

/** The real path of the nearest directory above that exists. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : existing(parent);
  }
}

/** The type of the filesystem that a path lies, or would lie, on; as the mount table says it. */
function filesystemOf(path: string): string | undefined {
  try {
    const lines = mountLines('mountinfo', readFileSync('/proc/self/mountinfo', 'latin1'));
    const place = { mount: null, device: null, resolved: existing(path) };
    return coveringLine(lines, place)?.fstype;
  } catch {
    return undefined; // No procfs, no table: then nothing is said about the filesystem.
  }
}

/**
 * The command with the options that it should have here. Options that it has already are left as
 * they are; a configuration file of the program is not looked into.
 */
export function advise(
  words: readonly string[],
  environment: Environment,
  filesystemAt: (path: string) => string | undefined = filesystemOf,
): Advice {
  const verb = verbOf(words);
  if (verb === undefined) return { line: words, options: [] };
  const given = joined(words).find((word) => word.startsWith(`${verb.dataOption}=`));
  const data = given?.slice(verb.dataOption.length + 1) ?? verb.data;
  const place: Place = { environment, filesystem: filesystemAt(data) };
  const options = verb.candidates
    .filter((candidate) => candidate.needed(place))
    .filter(({ option, instead = [] }) =>
      // A data directory that was named was looked at, and is not good either.
      [option, ...instead].every(
        (other) => subjectOf(other) === verb.dataOption || !has(words, other),
      ),
    )
    .map(({ option, why }) => ({ option, why }));
  return { line: [...words, ...options.map(({ option }) => option)], options };
}
