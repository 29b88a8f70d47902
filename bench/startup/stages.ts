// A start that ends after each stage: what comes next is replaced by a program that does nothing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root, spoof } from '../paths.js';
import { mechanisms } from '../ways/ours.js';

const native = join(root, 'dist', 'native', `linux-${process.arch}`);
export const blob = join(root, 'dist', 'policies', '9p-as-ext4.blob');

const ownPolicy = `apiVersion: seccomp-spoof/v1
name: own
description: a directory on NFS that a build tool refuses
extends: [9p-as-ext4]
statfs:
  - when: { type: nfs, path: '/home/*/project/out/**' }
    answer: { type: ext4 }
files:
  - path: /proc/sys/kernel/panic
    content: "10\\n"
    when: missing
`;

/** The command lines whose times are compared; NAME=VALUE in front is for the environment. */
export interface Stages {
  readonly commands: Readonly<Record<string, readonly string[]>>;
  remove(): void;
}

/** `nothing`: the program that does nothing. The compiled policy is to be descriptor 3. */
export function stages(nothing: string): Stages {
  const place = mkdtempSync(join(tmpdir(), 'seccomp-spoof-bench-'));
  const [shimOnly, untilStart] = [join(place, 'path'), join(place, 'native')];
  const [own, empty] = [join(place, 'own.yaml'), join(place, 'empty.mjs')];
  const bundle = join(place, 'bundle');
  // What is kept compiled is for one library: with one file these two would undo each other's.
  const ownUntilStart = join(place, 'own-until-start.yaml');
  for (const directory of [shimOnly, untilStart]) mkdirSync(directory);
  symlinkSync(nothing, join(shimOnly, 'node'));
  symlinkSync(nothing, join(untilStart, 'seccomp-spoof-supervisor'));
  symlinkSync(join(native, 'libseccomp_spoof.so'), join(untilStart, 'libseccomp_spoof.so'));
  for (const file of [own, ownUntilStart]) writeFileSync(file, ownPolicy);
  writeFileSync(empty, '');
  execFileSync(spoof, ['bundle', '-o', bundle], { env: environment });
  // With this variable no start is kept, so that each is a first one.
  const execFrom = (directory: string, ...options: string[]): string[] => [
    ...[`SECCOMP_SPOOF_NATIVE_DIR=${directory}`, spoof, 'exec', ...options, '--', nothing],
  ];
  const exec = (...options: string[]): string[] => execFrom(native, ...options);
  const supervisor = join(native, 'seccomp-spoof-supervisor');
  const start = [supervisor, 'start', '--policy', '3', '--mechanism'];
  return {
    commands: {
      nothing: [nothing],
      'node -e 0': [process.execPath, '-e', '0'],
      'empty module': [process.execPath, empty],
      shipped: exec(),
      again: [spoof, 'exec', '--', nothing],
      own: exec('--policy', own),
      bundle: [bundle, '--', nothing],
      ...Object.fromEntries(mechanisms.map((name) => [name, exec('-m', name)])),
      shim: [`PATH=${shimOnly}`, ...exec()],
      'until start, shipped': execFrom(untilStart),
      'until start, own': execFrom(untilStart, '--policy', ownUntilStart),
      starter: [...start, 'auto', '--', nothing],
    },
    remove() {
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** The same Node for all: what `node` means to the shim is what runs the bench. */
export const environment = {
  PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
  HOME: '/',
};
