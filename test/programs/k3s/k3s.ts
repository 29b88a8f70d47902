// A real k3s, which whoever runs this has: K3S=/path (docs/lanes.md). What it needs besides, the words that
// start it and its pods, and what has to be seen of them.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import type { Soak } from '../../../bench/soak/model.js';
import { requireProgram, Unavailable } from '../../lanes/programs.js';
import { root, seccompSpoof, testBuild } from '../../support/paths.js';
import { quote } from '../../support/shell.js';
import { verdicts } from '../../support/soaks.js';
import { image, makeImage } from './image.js';

const sources = path.join(root, 'test/programs/k3s');
const programs = path.join(testBuild, 'k3s/bin');
/** A k3s that unpacks nothing looks for its parts beside itself. */
const partsBeside = ['containerd', 'containerd-shim-runc-v2', 'runc', 'ctr', 'kubectl'];

let archive = '';

/** Where every place sees them: none has the /tmp of this machine. */
function copyPrograms(k3s: string): void {
  rmSync(programs, { recursive: true, force: true });
  mkdirSync(programs, { recursive: true });
  cpSync(k3s, path.join(programs, 'k3s'), { dereference: true });
  for (const name of partsBeside) {
    const file = path.join(path.dirname(k3s), name);
    if (existsSync(file)) cpSync(file, path.join(programs, name), { verbatimSymlinks: true });
  }
}

/** Why nothing of this can be run here, or false. */
export function unavailable(): string | false {
  if (process.getuid?.() !== 0) return 'k3s needs root';
  const k3s = process.env['K3S'] ?? '';
  try {
    accessSync(k3s, constants.X_OK);
  } catch {
    return `K3S is ${k3s === '' ? 'not set' : `${k3s}, which cannot be run`}: name the file of a k3s`;
  }
  try {
    requireProgram('ip', 'iproute2');
    if (!existsSync('/usr/lib/cni/host-local')) {
      throw new Unavailable('no host-local (Debian package containernetworking-plugins)');
    }
    archive = makeImage();
    copyPrograms(path.resolve(k3s));
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
    const compiled = spawnSync(process.execPath, [compiler, '-p', sources], { encoding: 'utf8' });
    if (compiled.status !== 0) throw new Error(compiled.stdout);
    return false;
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

export interface Place {
  /** k3s's data directory. */
  readonly data: string;
  /** What becomes kubelet's directory; undefined: it stays where it is. */
  readonly kubelet?: string;
  /** Where it may write what is to be seen, and its kubeconfig. */
  readonly out: string;
  /** Of k3s, that the place needs and `doctor` cannot know: what is not installed there. */
  readonly options?: readonly string[];
}

/** A node without what would have to come from outside; the rest is what `doctor` prints. */
const own = [
  ...['--node-name=node', '--node-ip=10.66.0.1', `--pause-image=${image}`],
  '--disable=coredns,servicelb,traefik,local-storage,metrics-server',
  ...['--disable-helm-controller', '--kubelet-arg=read-only-port=10255'],
];

const standardData = '/var/lib/rancher/k3s';

function server({ data, options = [] }: Place): string[] {
  const directory = data === standardData ? [] : [`--data-dir=${data}`];
  return [path.join(programs, 'k3s'), 'server', ...own, ...directory, ...options];
}

function script(place: Place, words: readonly string[], print: string): string {
  const set = { DATA: place.data, IMAGES: archive, KUBELET: place.kubelet ?? '' };
  const environment = Object.entries(set).map(([name, value]) => `${name}=${quote(value)}`);
  const command = [path.join(sources, 'node.sh'), ...words].map(quote).join(' ');
  return [
    `export PATH=${quote(programs)}:$PATH HOME=/root`,
    `mkdir -p ${quote(place.out)}`,
    `env ${environment.join(' ')} ${command} ${print}`,
  ].join('\n');
}

/** A script that lets pods do one thing each, and prints what was seen. */
export function podsScript(place: Place): string {
  const program = path.join(testBuild, 'js/k3s/pods.js');
  const words = [process.execPath, program, seccompSpoof, place.out, image, ...server(place)];
  const shown = `|| { tail -n 60 ${quote(place.out)}/k3s.log >&2; false; }`;
  return script(place, words, shown);
}

export interface Watching {
  readonly native?: true;
  readonly time: string;
  readonly settle: string;
}

/** A script that watches k3s, by `npm run soak:k3s`, and prints soak.json. */
export function soakScript(place: Place, { native, time, settle }: Watching): string {
  const program = path.join(root, 'bench/build/js/bench/soak/k3s.js');
  const times = ['--for', time, '--every', '10s', '--settle', settle, '--pod', image];
  const how = native === true ? ['--native'] : ['--inline', process.env['INLINE'] ?? 'off'];
  const soak = [...times, '--out', place.out, ...how];
  const [k3s = '', , ...options] = server(place);
  const words = ['env', `K3S=${k3s}`, process.execPath, program, ...soak, '--', ...options];
  const out = quote(place.out);
  return [
    script(place, words, '>&2'),
    `tail -n 40 ${out}/command.log >&2`,
    `cat ${out}/soak.json`,
  ].join('\n');
}

/** It has ended by itself, and never said anything of filesystems. */
export function ends(t: Test, soak: Soak): void {
  const expected = {
    'it stays up': 'not met',
    'statistics of filesystems are reported': 'not met',
  };
  t.match(verdicts(soak), expected, 'it ends by itself', { criteria: soak.criteria });
}

/** What each pod has to do, and with it what `exec` must not keep it from. */
export function podsDo(t: Test, { stdout, stderr }: { stdout: string; stderr: string }): void {
  const [last = ''] = stdout.trim().split('\n').slice(-1);
  let seen: Record<string, unknown>;
  try {
    seen = JSON.parse(last) as Record<string, unknown>;
  } catch {
    t.fail('nothing was seen', { stderr: stderr.slice(-6000) });
    return;
  }
  const { line = [], readyAfter } = seen as { line?: string[]; readyAfter?: number };
  // Beside the assertions, for whoever wants to write down what was seen.
  console.error(`# k3s ${line.slice(1).join(' ')}`);
  console.error(`# Ready after ${String(readyAfter)} s`);
  const expected: Record<string, unknown> = {
    node: { ready: true },
    statistics: { node: true, images: true, memory: true },
    plain: { phase: 'Running', restarts: 0 },
    limits: { phase: 'Running', limits: limitsOf(seen['limits']) },
    probe: { ready: true },
    volumes: {
      phase: 'Succeeded',
      said: ['on disk', 'in memory', 'tmpfs', 'from the configuration', 'volumes', '7'],
    },
    status: { phase: 'Failed', exitCode: 7, said: 'to the log\n' },
    restart: { restarts: 1, ready: true },
    network: { ready: true, said: ['1', 'from network'] },
    deletion: { gone: true, groups: { before: true, after: 0 } },
    alive: true,
    stays: { ready: true },
    again: {
      ...{ isSame: true, restarts: 0, said: 'still there\n', new: 'Running' },
      supervisors: [2, 1],
    },
  };
  for (const [name, value] of Object.entries(expected)) {
    t.same(seen[name], value, name, { stderr: stderr.slice(-6000) });
  }
}

/** That of the pod, of its two containers where there are several hierarchies; all are the same. */
function limitsOf(seen: unknown): string[] {
  const { limits = [] } = (seen ?? {}) as { limits?: string[] };
  return Array.from({ length: Math.max(1, limits.length) }, () => String(64 * 2 ** 20));
}
