// What the tests of the attacker share: its programs, and how they are run, natively and below `exec`.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { compileIn } from '../support/compile.js';
import { cleanCommand } from '../support/environment.js';
import { seccompSpoof } from '../support/paths.js';

export const mechanisms = (process.env['ATTACK_MECHANISMS'] ?? 'notify,trace,ptrace').split(',');

export const compile = (name: string, ...sources: readonly string[]): string =>
  compileIn('attack', name, sources);

/** Why nothing can be attacked here. */
export const missing = (): string | false =>
  process.getuid?.() !== 0
    ? 'needs root, to become others'
    : spawnSync('setfacl', ['--version']).status !== 0 && 'needs setfacl';

/** A directory for one run, with a policy of these rules about it. */
export function makePlace(
  t: Test,
  rules: (directory: string) => readonly string[],
): { readonly directory: string; readonly policy: string } {
  const directory = mkdtempSync('/dev/shm/seccomp-spoof-attack-');
  const policy = path.join(directory, 'policy.yaml');
  chmodSync(directory, 0o755);
  const head = ['apiVersion: seccomp-spoof/v1', 'name: attack', 'files:'];
  writeFileSync(policy, [...head, ...rules(directory).map((rule) => `  - ${rule}`), ''].join('\n'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return { directory, policy };
}

export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** Natively, or below `exec` by a mechanism. */
export function run(
  words: readonly string[],
  below?: { readonly mechanism: string; readonly policy: string },
  input = '',
): Run {
  const exec = below ? [seccompSpoof, 'exec', '-m', below.mechanism, '-p', below.policy, '--'] : [];
  const [command, all] = cleanCommand([...exec, ...words]);
  return spawnSync(command, all, { cwd: '/', encoding: 'latin1', input, maxBuffer: 1 << 28 });
}
