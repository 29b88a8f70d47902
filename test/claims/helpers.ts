// What the tests of claims share: programs, places with a policy, runs.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';

const build = path.join(root, 'test/build/claims');
const asRoot = process.getuid?.() === 0;
export const needsRoot = asRoot ? false : 'needs root, to become another user';

export function compile(name: string): string {
  const program = path.join(build, name);
  mkdirSync(build, { recursive: true });
  const words = ['-O2', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-static', '-pthread'];
  const source = path.join(root, 'test/claims', `${name}.c`);
  const { status, stderr } = spawnSync('cc', [...words, '-o', program, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return program;
}

/** A directory of its own that all users may search, with a policy. */
export function place(
  t: Test,
  section: string,
  rules: readonly string[],
  more: readonly string[] = [],
): { directory: string; policy: string } {
  const directory = mkdtempSync('/dev/shm/seccomp-spoof-');
  chmodSync(directory, 0o755);
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const policy = path.join(directory, 'policy.yaml');
  const lines = rules.map((rule) => `  - ${rule.replaceAll('DIR', directory)}`);
  writeFileSync(
    policy,
    ['apiVersion: seccomp-spoof/v1', 'name: claims', `${section}:`, ...lines, ...more, ''].join(
      '\n',
    ),
  );
  return { directory, policy };
}

export function run(words: readonly string[]): {
  status: number | null;
  stdout: string;
  stderr: string;
} {
  const [program, all] = cleanCommand(words);
  return spawnSync(program, all, { encoding: 'utf8', cwd: '/' });
}

export const asUser = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups'];
export const mechanisms = ['notify', 'trace', 'ptrace'];
