// Real kubelet, of a Kubernetes before 1.36 and of a later one (docs/lanes.md): what cAdvisor does in
// them with a filesystem that it does not know is not the same.
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import type { Soak } from '../../../bench/soak/model.js';
import { buildModule } from '../../lanes/module.js';
import { Unavailable, requireProgram } from '../../lanes/programs.js';
import { root, testBuild } from '../../support/paths.js';
import { quote } from '../../support/shell.js';
import { verdicts } from '../../support/soaks.js';
import { image, makeImage } from '../k3s/image.js';

export type Release = 'old' | 'new';

const sources = 'test/programs/kubelet';
const soakPrograms = path.join(root, 'bench/build/js/bench/soak');

/** What is in PARTS (parts.sh); the control plane is that of the new release. */
const kubelet = ['kubelet'];
const all = ['kubelet', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

function link(file: string, name: string): void {
  rmSync(name, { force: true });
  symlinkSync(file, name);
}

/** A directory with these programs under their own names; throws Unavailable. */
function parts(release: Release, programs: readonly string[]): string {
  const directory = path.join(testBuild, 'kubelet', release);
  mkdirSync(directory, { recursive: true });
  for (const program of programs) {
    const file = buildModule({
      name: program,
      directory: `${sources}/${release}`,
      path: 'k8s.io/kubernetes',
      target: `k8s.io/kubernetes/cmd/${program}`,
      program,
      cache: 'kubelet',
    });
    link(file, path.join(directory, program));
  }
  return directory;
}

/** A directory with what stands in for k3s, and its parts. */
function k3sParts(): string {
  const directory = parts('new', all);
  link(path.join(root, sources, 'k3s.sh'), path.join(directory, 'k3s'));
  return directory;
}

/** Why nothing of this can be run here, or false. */
export function unavailable(): string | false {
  if (process.getuid?.() !== 0) return 'kubelet needs root';
  try {
    requireProgram('containerd', 'containerd');
    if (!existsSync('/usr/lib/cni/host-local')) {
      throw new Unavailable('no CNI plugins (Debian package containernetworking-plugins)');
    }
    requireProgram('ip', 'iproute2');
    requireProgram('etcd', 'etcd-server');
    requireProgram('curl', 'curl');
    requireProgram('openssl', 'openssl');
    parts('old', kubelet);
    parts('new', all);
    return false;
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

export interface Soaking {
  /** Where databases can lie, and the directory that becomes kubelet's own (parts.sh). */
  readonly state: string;
  readonly data: string;
  /** For the reports. */
  readonly out: string;
  readonly native?: true;
  /** Of kubelet, that the lane needs besides. */
  readonly options?: readonly string[];
  /** As `--for` and `--settle` take it. */
  readonly time: string;
  readonly settle: string;
}

/** Options of a soak. */
function watched({ out, native, time, settle }: Soaking): string[] {
  const times = ['--for', time, '--every', '10s', '--settle', settle];
  return [...times, '--out', out, ...(native === true ? ['--native'] : [])];
}

function shell(
  set: Readonly<Record<string, string>>,
  words: readonly string[],
  out: string,
): string {
  const environment = Object.entries(set).map(([name, value]) => `${name}=${quote(value)}`);
  const command = `env ${environment.join(' ')} ${words.map(quote).join(' ')} >&2`;
  return `${command}\ncat ${quote(out)}/soak.json`;
}

/** A script that watches kubelet, and prints soak.json. */
export function kubeletScript(release: Release, soaking: Soaking): string {
  const { state, data, out, options = [] } = soaking;
  const set = { PARTS: parts(release, kubelet), STATE: state, DATA: data };
  const soak = [process.execPath, path.join(soakPrograms, 'main.js'), ...watched(soaking)];
  const exec = [...soak, '--statistics', 'http://127.0.0.1:10255/stats/summary'].join(' ');
  const start = path.join(root, sources, 'kubelet.sh');
  return shell({ ...set, EXEC: exec }, [start, ...options], out);
}

/** The same as `npm run soak:k3s` with what stands in for k3s. */
export function k3sScript(soaking: Soaking): string {
  const { state, data, out, options = [] } = soaking;
  const directory = k3sParts();
  const here = { PARTS: directory, STATE: state, DATA: data, IMAGES: makeImage() };
  const set = { K3S: `${directory}/k3s`, ...here };
  const soak = [process.execPath, path.join(soakPrograms, 'k3s.js'), ...watched(soaking)];
  return shell(set, [...soak, '--pod', image, '--', ...options], out);
}

/** It has ended by itself, and never said anything of filesystems. */
export function ends(t: Test, soak: Soak): void {
  const expected = {
    'statistics of filesystems are reported': 'not met',
    'it stays up': 'not met',
    'the whole time': 'not met',
  };
  t.match(verdicts(soak), expected, 'it ends by itself', { criteria: soak.criteria });
}

export function holdsOut(t: Test, soak: Soak, policy: string): void {
  t.same(soak.policy, [policy], 'the policy is found by the name of the program');
  const expected = {
    'no cAdvisor errors in the log': 'met',
    'statistics of filesystems are reported': 'met',
    'it stays up': 'met',
    'the whole time': 'met',
    'the supervisor answers everything': 'met',
  };
  t.match(verdicts(soak), expected, 'it holds out', { criteria: soak.criteria });
}

/** All that the experiment wanted to see. */
export function isExperiment(t: Test, soak: Soak, policy: string): void {
  holdsOut(t, soak, policy);
  const expected = {
    'the node is Ready and stays so': 'met',
    'a pod runs': 'met',
    'pods come and go': 'met',
  };
  t.match(verdicts(soak), expected, 'a node, and pods on it', { criteria: soak.criteria });
}
