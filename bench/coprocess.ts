// A program that answers a line for each line that it is asked.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Coprocess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<number | string>;
  #errors = '';

  constructor(words: readonly string[]) {
    const [command = '', ...rest] = words;
    this.#child = spawn(command, rest, { stdio: 'pipe' });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#child.stdin.on('error', () => undefined); // it has ended: its output tells
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        resolve(error.message);
      });
      this.#child.on('close', (status, signal) => {
        resolve(status ?? signal ?? 'unknown');
      });
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** NaN if it could not be started; then `ask` says why. */
  get pid(): number {
    return this.#child.pid ?? NaN;
  }

  /** Its answer; throws if it ends instead. */
  async ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    const next = await this.#lines.next();
    if (next.done !== true) return next.value;
    const status = await this.#ended;
    throw new Error(
      `${this.#child.spawnargs.slice(0, 6).join(' ')} ... ended with ${status}: ${this.#errors}`,
    );
  }

  /** Ends it, and waits for that. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
