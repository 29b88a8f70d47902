// A program that is spoken to in lines, and the guardian's log and children.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SILENCE_MS } from './silence.js';

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

export const readLog = (file: string): readonly LogLine[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);

export function numberOf(line: LogLine | undefined, name: string): number {
  const found = line?.[name];
  if (typeof found !== 'number') throw new Error(`no ${name} in ${JSON.stringify(line)}`);
  return found;
}

export const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);

/** Characters that are kept of what it says of errors. */
const MOST_ERRORS = 65536;

/** Is killed when it falls silent. */
export class Subject {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly closed: Promise<unknown>;
  errors = '';

  constructor(words: readonly string[]) {
    const [file = '', ...rest] = words;
    this.#child = spawn(file, rest, { cwd: '/', stdio: 'pipe' });
    this.#child.stderr.on('data', (data: Buffer) => {
      this.errors = (this.errors + data.toString()).slice(-MOST_ERRORS);
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.closed = once(this.#child, 'close');
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The next line; undefined: it has ended. Fails the test when it falls silent. */
  async next(): Promise<string | undefined> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), SILENCE_MS);
    const next = await this.#lines.next();
    clearTimeout(timer);
    return next.done === true ? undefined : next.value;
  }

  /** What it answers. */
  async ask(line: string): Promise<string | undefined> {
    this.say(line);
    return await this.next();
  }

  /** Reads lines up to `last`. */
  async hear(last: string): Promise<readonly string[]> {
    const heard: string[] = [];
    for (;;) {
      const line = await this.next();
      if (line === undefined)
        throw new Error(`no "${last}" after ${heard.join(', ')}: ${await this.#ending()}`);
      if (line === last) return heard;
      heard.push(line);
    }
  }

  async #ending(): Promise<string> {
    await this.closed;
    return `ended with ${this.#child.signalCode ?? this.#child.exitCode}; ${this.errors}`;
  }

  async end(): Promise<number | null> {
    this.#child.stdin.end();
    await this.closed;
    return this.#child.exitCode;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
