// A gVisor sandbox whose root is this machine's / as read-only 9p. See docs/lanes.md.
// Rule: nothing of it outlives the process that started it, and nothing it writes leaves its share.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SILENCE_MS } from '../../support/silence.js';
import { Unavailable } from '../programs.js';
import { type Inside, makeSandbox } from './bundle.js';
import type { Runsc } from './runsc.js';

export interface SandboxOptions extends Pick<Inside, 'capabilities' | 'ownRoot'> {
  /** It hangs when it has said nothing for so long. */
  readonly silenceMs?: number;
  /** Sees what it says, when it says it. */
  readonly onOutput?: (text: string) => void;
  /** Files for the share, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Version of the cgroups in /sys/fs/cgroup; none are there without it. */
  readonly cgroups?: 1 | 2;
}

export interface SandboxResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory of the sandbox on 9p that can be written to. */
export const share = '/tmp/9p';

const pathInside = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export class Gvisor {
  readonly #runsc: Runsc;
  #program = '';
  #reason: string | false | undefined;

  constructor(runsc: Runsc) {
    this.#runsc = runsc;
  }

  /** Why nothing can be run in it here, or false if something can: found by trying. */
  async unavailable(): Promise<string | false> {
    this.#reason ??= await this.#try();
    return this.#reason;
  }

  async #try(): Promise<string | false> {
    if (process.getuid?.() !== 0) return 'runsc needs root';
    try {
      this.#program = this.#runsc.find();
    } catch (error) {
      if (error instanceof Unavailable) return error.message;
      throw error;
    }
    const { status, stderr } = await this.run('true');
    return status === 0 ? false : `runsc cannot start a program here: ${stderr.slice(-400)}`;
  }

  /** Runs one shell script as root in a sandbox of its own. */
  async run(script: string, options: SandboxOptions = {}): Promise<SandboxResult> {
    const scratch = mkdtempSync(path.join(tmpdir(), 'gvisor-'));
    const shared = path.join(scratch, 'share');
    mkdirSync(shared);
    for (const [name, text] of Object.entries(options.files ?? {})) {
      writeFileSync(path.join(shared, name), text);
    }
    const sandbox = makeSandbox(scratch, {
      ...options,
      command: ['/bin/sh', '-c', script],
      path: pathInside,
      shown: [{ from: shared, to: share, mode: 'rw' }],
      cgroups: options.cgroups !== undefined,
    });
    const runsc = [
      this.#program,
      ...[`--root=${sandbox.state}`, '--network=none', '--ignore-cgroups'],
      ...this.#runsc.flags,
      ...(options.cgroups === undefined ? [] : this.#runsc.cgroups(options.cgroups)),
    ];
    try {
      return await start(sandbox.words(runsc), options);
    } finally {
      const [program = '', ...flags] = runsc;
      spawnSync(program, [...flags, 'delete', '-force', sandbox.name], { stdio: 'ignore' });
      spawnSync('rm', ['-rf', '--one-file-system', scratch]);
    }
  }
}

function start(words: readonly string[], options: SandboxOptions): Promise<SandboxResult> {
  const [program = '', ...rest] = words;
  // Not /dev/null: runsc makes its standard input the sandbox user's, which others see.
  const child = spawn(program, rest, { stdio: 'pipe' });
  child.stdin.on('error', () => undefined).end();
  let [stdout, stderr] = ['', ''];
  const silence = setTimeout(() => {
    stderr += 'the sandbox hung, and was killed\n';
    child.kill('SIGKILL');
  }, options.silenceMs ?? SILENCE_MS);
  const heard = (text: string): string => {
    silence.refresh();
    options.onOutput?.(text);
    return text;
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += heard(text)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += heard(text)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(silence);
      resolve({ status, stdout, stderr });
    });
  });
}
