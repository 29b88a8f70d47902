// What the tests of the command line share: the program with a clean environment, and a stand-in
// for the supervisor.
import { spawn, type StdioOptions } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The bin, as npm links it. */
export const program = path.join(root, 'dist/seccomp-spoof');
/** The script behind it, for what needs no supervisor. */
export const script = path.join(root, 'dist/command/cli.js');

/** Enough to find Node and the usual tools. */
export const environment: Readonly<Record<string, string>> = {
  PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
  HOME: '/nonexistent',
};

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdio?: StdioOptions;
}

/**
 * The words that run a program with this environment and no other: tap adds NODE_OPTIONS and dozens
 * of variables to every process that a test starts, so env(1) takes them away again.
 */
export function clean(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): readonly [string, readonly string[]] {
  const variables = Object.entries({ ...environment, ...env });
  return ['/usr/bin/env', ['-i', ...variables.map((pair) => pair.join('=')), ...words]];
}

/** Runs a program to its end. */
export async function run(
  file: string,
  args: readonly string[],
  { env, cwd, stdio = ['ignore', 'pipe', 'pipe'] }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const [launcher, words] = clean([file, ...args], env);
    const child = spawn(launcher, words, { cwd, stdio });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
    }
    child.on('error', reject);
    child.on('close', (status, signal) => {
      resolve({ status, signal, ...texts });
    });
  });
}

/** Runs the bin. */
export async function cli(args: readonly string[], options?: RunOptions): Promise<Ended> {
  return run(program, args, options);
}

/** Runs the script behind the bin, with a supervisor that stands in for the real one. */
export async function cliWith(native: string, args: readonly string[]): Promise<Ended> {
  return run(process.execPath, [script, ...args], { env: { SECCOMP_SPOOF_NATIVE_DIR: native } });
}

/** A directory with the real library and this shell script as supervisor. */
export function standIn(directory: string, body: string): string {
  const native = path.join(directory, 'native');
  mkdirSync(native);
  const library = 'libseccomp_spoof.so';
  copyFileSync(
    path.join(root, `dist/native/linux-${process.arch}`, library),
    `${native}/${library}`,
  );
  const supervisor = path.join(native, 'seccomp-spoof-supervisor');
  writeFileSync(supervisor, `#!/bin/sh\n${body}\n`);
  chmodSync(supervisor, 0o755);
  return native;
}
