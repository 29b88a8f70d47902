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

/** Where k3s keeps its data, and the option that says so. */
const DATA = '/var/lib/rancher/k3s';
const DATA_OPTION = '--data-dir';

/**
 * What the command may need; the first word is the program. Undefined: nothing is known about it.
 * kubelet needs nothing: docs/decisions/0009 has what was tried without the options that guides name.
 */
function candidatesFor(words: readonly string[]): readonly Candidate[] | undefined {
  if (nameOfProgram(words[0] ?? '') !== 'k3s') return undefined;
  const verb = words.find((word) => word === 'server' || word === 'agent');
  if (verb === undefined) return undefined;
  return verb === 'server' ? K3S_SERVER : K3S_NODE;
}

/** The line that is most likely meant where only the program is named: `k3s` is `k3s server`. */
export function usualLine(words: readonly string[]): readonly string[] {
  const [program, ...rest] = words;
  return program !== undefined && nameOfProgram(program) === 'k3s' && rest.length === 0
    ? [program, 'server']
    : words;
}

/** `--data-dir=x` is about `--data-dir`. */
const subjectOf = (option: string): string => /^[^=]*/.exec(option)?.[0] ?? option;

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
  const candidates = candidatesFor(words);
  if (candidates === undefined) return { line: words, options: [] };
  const given = joined(words).find((word) => word.startsWith(`${DATA_OPTION}=`));
  const data = given?.slice(DATA_OPTION.length + 1) ?? DATA;
  const place: Place = { environment, filesystem: filesystemAt(data) };
  const options = candidates
    .filter((candidate) => candidate.needed(place))
    .filter(({ option, instead = [] }) =>
      // A data directory that was named was looked at, and is not good either.
      [option, ...instead].every((other) => subjectOf(other) === DATA_OPTION || !has(words, other)),
    )
    .map(({ option, why }) => ({ option, why }));
  return { line: [...words, ...options.map(({ option }) => option)], options };
}
