// What the tests of claims share: programs, places with a policy, runs.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { compileIn } from '../support/compile.js';
import { cleanCommand } from '../support/environment.js';
import { SILENCE_MS } from '../support/silence.js';
import { readLog } from '../support/subject.js';

const asRoot = process.getuid?.() === 0;
export const needsRoot = asRoot ? false : 'needs root, to become another user';

export const compile = (name: string): string => compileIn('claims', name, [`${name}.c`]);

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
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
} {
  const [program, all] = cleanCommand(words);
  return spawnSync(program, all, { encoding: 'utf8', cwd: '/' });
}

export const asUser = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups'];
export const mechanisms = ['notify', 'trace', 'ptrace'];

/** Until the guardian says so in its log; each line of it is a sign that it goes on. */
export async function logged(log: string, message: string): Promise<void> {
  const until = Date.now() + SILENCE_MS;
  while (!readLog(log).some((line) => line.msg === message)) {
    if (Date.now() > until) throw new Error(`nothing in the log says: ${message}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
