// What the tests of `exec` share: the tools in C, the product's path, and starting programs with a
// clean environment. TEST_PRODUCT=/usr/bin/env (words, separated by spaces) puts another program in
// the product's place: the tests of what is inherited must pass for env itself.
import { type ChildProcess, execFileSync, spawn, type StdioOptions } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import { root, seccompSpoof } from '../support/paths.js';
import { SILENCE_MS } from '../support/silence.js';

export { root };

/** Builds the tools of a test folder; files that run at the same time take turns. */
function build(folder: string): string {
  const output = path.join(root, 'test/build', folder);
  mkdirSync(output, { recursive: true });
  const words = [path.join(output, '.lock'), 'make', '-s', '-C', path.join(root, 'test', folder)];
  execFileSync('flock', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  return output;
}

const tools = build('inplace');
export const launch = path.join(tools, 'launch');
export const report = path.join(tools, 'report-self');
export const terminal = path.join(tools, 'terminal');
export const notified = path.join(tools, 'notified');
export const stay = path.join(tools, 'stay');
export const awaitPids = path.join(tools, 'await');
export const buildKillTools = (): string => build('kill');

/** The product's own file, and the words that stand before a command. */
export const program = seccompSpoof;
const override = process.env['TEST_PRODUCT'];
export const isProduct = override === undefined;
/** `auto` takes notify where the tests run; by-trace.test.ts and by-ptrace.test.ts set the others. */
export const mechanism = process.env['TEST_MECHANISM'] ?? 'auto';
/** Whether a parent stays (`--stay`): by-stay.test.ts and its like say so. */
export const stays = process.env['TEST_FORM'] === 'stay';
export const product: readonly string[] = override?.split(' ') ?? [
  program,
  'exec',
  ...(stays ? ['--stay'] : []),
  ...(mechanism === 'auto' ? [] : ['--mechanism', mechanism]),
];
export const native: readonly string[] = ['/usr/bin/env'];
/** The option that changes something visible on any machine; nothing where env plays the product. */
export const tmpfsAsExt4: readonly string[] = isProduct ? ['--fstype', 'tmpfs=ext4'] : [];

/** Enough to find Node and the usual tools, and nothing of tap's and npm's. */
export const environment: Readonly<Record<string, string>> = {
  PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
  HOME: process.env['HOME'] ?? '/',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  // In one form every start goes through Node, in the others as one that was the same before.
  ...(mechanism === 'auto' && !stays ? { SECCOMP_SPOOF_CACHE: 'off' } : {}),
};

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  readonly stdio?: StdioOptions;
}

/** tap adds its own variables to whatever a test starts; env -i takes them away again. */
export function cleanly(
  words: readonly string[],
  env: Readonly<Record<string, string>> = environment,
): readonly string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return ['/usr/bin/env', '-i', ...variables, ...words];
}

/** Starts a program and waits for its end. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const [file = '', ...rest] = cleanly(words, options.env);
  const child = spawn(file, rest, {
    cwd: options.cwd ?? root,
    stdio: options.stdio ?? 'pipe',
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  return await ended(child, words.join(' '));
}

/** The end of a program that was started with pipes, and what it wrote from now on; it may be slow, but not silent. */
export async function ended(child: ChildProcess, name: string): Promise<Ended> {
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      const said = Buffer.concat([...output, ...errors]).toString();
      reject(new Error(`${name}: hangs; it said: ${said}`));
    }, SILENCE_MS);
    child.stdout?.on('data', (data: Buffer) => {
      timer.refresh();
      output.push(data);
    });
    child.stderr?.on('data', (data: Buffer) => {
      timer.refresh();
      errors.push(data);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({
        status,
        signal,
        stdout: Buffer.concat(output).toString(),
        stderr: Buffer.concat(errors).toString(),
      });
    });
  });
}

/** A line of shell, or several; `$P` stands for the product and its verb, `$REPORT` for report-self. */
export async function shell(
  script: string,
  options: RunOptions & {
    readonly shell?: readonly string[];
    readonly with?: readonly string[];
  } = {},
): Promise<Ended> {
  const env = {
    ...(options.env ?? environment),
    P: (options.with ?? product).join(' '),
    REPORT: report,
    LAUNCH: launch,
    NOTIFIED: notified,
  };
  return await run([...(options.shell ?? ['bash', '-c']), script], { ...options, env });
}

/** A directory that everybody may write to, removed when the test ends. */
export function scratch(t: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'seccomp-spoof-test-'));
  chmodSync(directory, 0o777);
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Whether a test needs the process id that was started: there is another one where a parent stays. */
export function needsPlace(t: Test): boolean {
  if (stays) notApplicable(t, 'a parent stays, and the command has another process id');
  return stays;
}

/** What a machine cannot show is found by trying, and said; it is not a failure. */
export function notApplicable(t: Test, why: string): void {
  t.comment(`not applicable: ${why}`);
}
