import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import type { Result } from '../conformance/tasks.js';
import { cleanCommand } from './environment.js';
import { seccompSpoof, testBuild } from './paths.js';

export interface Run {
  readonly results: readonly Result[];
  readonly status: number | null;
  readonly errors: string;
}

export interface RunOptions {
  /** What starts the runner: a private mount namespace, another user. */
  readonly before?: readonly string[];
  readonly words?: readonly string[];
  /** The user that `before` makes of the runner. */
  readonly uid?: number;
  readonly exec?: string;
  readonly onResult?: (result: Result) => void;
}

/** Runs the scenario runner, which tells its results one by one. */
export async function runConformance(options: RunOptions): Promise<Run> {
  const { before = [], words = [], exec = seccompSpoof, uid, onResult } = options;
  const scratch = mkdtempSync(path.join(tmpdir(), 'seccomp-spoof-'));
  if (uid !== undefined) chownSync(scratch, uid, uid);
  const runner = path.join(testBuild, 'js/conformance/runner.js');
  const [program, rest] = cleanCommand([
    ...before,
    process.execPath,
    ...[runner, '--exec', exec, '--scratch', scratch, ...words],
  ]);
  try {
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const results: Result[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === '') continue;
      const result = JSON.parse(line) as Result;
      results.push(result);
      onResult?.(result);
    }
    return { results, status: await ended, errors };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** One assertion a result; what cannot be done here is said, and counts as nothing. */
export function reportTo(t: Test): (result: Result) => void {
  return (result) => {
    const { pair, mechanism, subject, scenario } = result;
    const name = `${pair} by ${mechanism}, ${subject}: ${scenario}`;
    if (result.status === 'not-applicable') {
      t.comment(`not applicable: ${name}: ${result.reason}`);
      return;
    }
    if (result.status === 'pass') t.pass(name);
    else t.fail(name, { reason: result.reason, differences: result.differences });
    for (const note of result.notes) t.comment(`${name}: ${note}`);
  };
}
