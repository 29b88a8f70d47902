// A Linux guest in qemu, without KVM: of this machine's architecture with this machine's / as its
// root, read-only over virtio-9p, or of another one with busybox for a root. See docs/guest-lane.md.
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { SILENCE_MS } from '../../support/silence.js';
import type { Suite } from '../debian.js';
import { Unavailable, findProgram, requireProgram } from '../programs.js';
import { type Architecture, archive, type Kernel, prepareKernel } from './kernel.js';
import { quote } from '../../support/shell.js';

export interface GuestOptions {
  /**
   * Dialect of 9p for the root. With `9p2000.u` statfs says 9p (0x01021997), with `9p2000.L` it
   * says what the host's own filesystem is; the mount table says 9p in both.
   */
  readonly version?: '9p2000.u' | '9p2000.L';
  /**
   * Cache mode of the 9p root. With `none` the kernel keeps neither names nor pages, and a program
   * like Node takes ten times as long to start as with `loose`, which is what is used by default.
   */
  readonly cache?: 'none' | 'loose';
  /** It hangs when its console and its scripts have said nothing for so long. */
  readonly silenceMs?: number;
  /** Owners, modes and special files of /run/9p are those of the host's directory: that takes root. */
  readonly passthrough?: true;
  /** Memory in MiB. */
  readonly memory?: number;
  /** Sees every line of the console. */
  readonly onLine?: (line: string) => void;
  /** Environment of the scripts, besides PATH, HOME, LANG and TERM. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sees what the scripts left in /run/guest, before it is removed. */
  readonly onShare?: (directory: string) => void;
}

export interface GuestResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The guest did not do what it was asked; the message ends with the tail of its console. */
export class GuestError extends Error {}

/** The directory of this project, here and in the guest. */
export const checkout = resolve(import.meta.dirname, '..', '..', '..');

interface Machine {
  readonly qemu: string;
  readonly debianPackage: string;
  readonly words: readonly string[];
  readonly console: string;
}

const machines: Readonly<Record<Architecture, Machine>> = {
  x86_64: {
    qemu: 'qemu-system-x86_64',
    debianPackage: 'qemu-system-x86',
    words: ['-cpu', 'max'],
    console: 'ttyS0',
  },
  aarch64: {
    qemu: 'qemu-system-aarch64',
    debianPackage: 'qemu-system-arm',
    // Signed pointers by the architecture's own cipher take half of an emulated processor's time.
    words: ['-M', 'virt', '-cpu', 'max,pauth-impdef=on'],
    console: 'ttyAMA0',
  },
};

export class Guest {
  readonly #architecture: Architecture;
  readonly #suite: Suite;
  #kernel: Kernel | undefined;

  /** With the kernel of this release of Debian. */
  constructor(architecture: Architecture = 'x86_64', suite: Suite = 'bookworm') {
    this.#architecture = architecture;
    this.#suite = suite;
  }

  /** Why no guest can be started here, in words, or undefined if one can. */
  available(): string | undefined {
    if (this.#architecture === 'x86_64' && process.arch !== 'x64') {
      return `needs x86_64, this is ${process.arch}`;
    }
    try {
      const { qemu, debianPackage } = machines[this.#architecture];
      requireProgram(qemu, debianPackage);
      requireProgram('setpriv', 'util-linux');
      this.#kernel ??= prepareKernel(this.#architecture, this.#suite);
      return undefined;
    } catch (error) {
      if (error instanceof Unavailable) return error.message;
      throw error;
    }
  }

  /** What `uname -r` says in the guest. */
  get release(): string {
    return this.#prepared().release;
  }

  #prepared(): Kernel {
    const reason = this.available();
    if (this.#kernel === undefined) throw new GuestError(`no guest: ${reason ?? 'unknown'}`);
    return this.#kernel;
  }

  /** Boots, runs one shell script as root, powers off. */
  async run(script: string, options: GuestOptions = {}): Promise<GuestResult> {
    const [result] = await this.runAll([script], options);
    if (result === undefined) throw new GuestError('the guest returned nothing');
    return result;
  }

  /**
   * Boots with what is in a directory as the initramfs, over busybox in /bin, until it powers off: the lines
   * of its console. Nothing of this machine is there.
   */
  async boot(content: string): Promise<readonly string[]> {
    const kernel = this.#prepared();
    const share = mkdtempSync(join(tmpdir(), 'guest-'));
    try {
      const initramfs = join(share, 'initramfs');
      writeFileSync(initramfs, Buffer.concat([readFileSync(kernel.initramfs), archive(content)]));
      const lines: string[] = [];
      const onLine = (line: string): number => lines.push(line);
      const own = { ...kernel, initramfs };
      const { why } = await boot(this.#architecture, own, share, SILENCE_MS, { onLine });
      return [...lines, why];
    } finally {
      spawnSync('rm', ['-rf', '--one-file-system', share]);
    }
  }

  /** Boots once, runs the scripts one after the other, powers off. */
  async runAll(scripts: readonly string[], options: GuestOptions = {}): Promise<GuestResult[]> {
    const kernel = this.#prepared();
    const share = mkdtempSync(join(tmpdir(), 'guest-'));
    try {
      const steps = scripts.map((script, index) => {
        const step = join(share, String(index).padStart(4, '0'));
        writeFileSync(`${step}.script`, script + '\n');
        return step;
      });
      copyFileSync(join(import.meta.dirname, 'main.sh'), join(share, 'main.sh'));
      const silenceMs = options.silenceMs ?? SILENCE_MS;
      // The guest itself looks what hangs, before it is killed.
      const seconds = { GUEST_SILENCE: String(Math.ceil((silenceMs / 1000) * 0.8)) };
      writeFileSync(join(share, 'environment'), environment({ ...seconds, ...options.env }));
      writeFileSync(join(share, 'checkout'), checkout);

      const start = () => boot(this.#architecture, kernel, share, silenceMs, options);
      let failure = await start();
      // An emulated kernel that patches its code may meet its own breakpoint on the other processor.
      for (let tries = 1; tries < BOOTS && isBootPanic(failure, steps); tries++)
        failure = await start();
      options.onShare?.(share);
      return steps.map((step, index) => {
        const status = /^\d+$/.exec(readOr(`${step}.status`, '').trim())?.[0];
        const stdout = readOr(`${step}.stdout`, '');
        const stderr = readOr(`${step}.stderr`, '');
        if (status !== undefined) return { status: Number(status), stdout, stderr };
        const hang = readOr(join(share, 'hang'), '');
        const why = hang === '' ? failure.why : hung(silenceMs);
        const said = [stdout.slice(-2000), stderr.slice(-2000), hang].join('\n');
        throw new GuestError(`${why} in script ${index}\n${said}\n${failure.console}`);
      });
    } finally {
      // Not Node's own rm: tests make paths that are too long for it, and names that are no text.
      spawnSync('rm', ['-rf', '--one-file-system', share]);
    }
  }
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

/** Shell text that sets the environment of the scripts. */
function environment(extra: Readonly<Record<string, string>>): string {
  const inherited = (process.env['PATH'] ?? '').split(':').filter((word) => word.startsWith('/'));
  const standard = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const path = [...new Set([dirname(process.execPath), ...inherited, ...standard])].join(':');
  return Object.entries({ PATH: path, HOME: '/tmp/home', LANG: 'C.UTF-8', TERM: 'dumb', ...extra })
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('');
}

interface Ended {
  /** What there is to say if a script did not come to its end. */
  readonly why: string;
  /** The tail of the console. */
  readonly console: string;
}

/** How often a kernel is booted that panics by itself. */
const BOOTS = 3;

/** Before it ran anything of ours. */
const isBootPanic = ({ console }: Ended, steps: readonly string[]): boolean =>
  console.includes('Kernel panic') && steps.every((step) => !existsSync(`${step}.stdout`));

const hung = (silenceMs: number): string => `the guest hung (silent for ${silenceMs} ms)`;

/** Runs qemu until the guest has powered off, or falls silent. */
async function boot(
  architecture: Architecture,
  kernel: Kernel,
  share: string,
  silenceMs: number,
  options: GuestOptions,
): Promise<Ended> {
  const version = options.version ?? '9p2000.u';
  const machine = machines[architecture];
  const kernelCommandLine = [
    `console=${machine.console}`,
    'loglevel=4',
    'panic=-1',
    'mitigations=off',
    'random.trust_cpu=on',
    `guest.root=${architecture === 'x86_64' ? 'host' : 'own'}`,
    `guest.version=${version}`,
    `guest.cache=${options.cache ?? 'loose'}`,
  ].join(' ');
  const shared = 'security_model=none,multidevs=remap';
  const work = join(share, 'work');
  // Else they are kept in extended attributes: no privilege is needed.
  const owners = options.passthrough ? 'passthrough' : 'mapped-xattr';
  mkdirSync(work, { recursive: true });
  // prettier-ignore
  const child = spawn(
    'setpriv',
    [
      // Whatever ends this process ends the guest too.
      '--pdeathsig', 'SIGKILL', '--',
      findProgram(machine.qemu) ?? machine.qemu,
      '-accel', 'tcg,thread=multi',
      ...machine.words,
      '-smp', '2',
      '-m', String(options.memory ?? 1024),
      '-no-user-config', '-nodefaults', '-no-reboot',
      '-display', 'none', '-monitor', 'none', '-serial', 'stdio',
      '-kernel', kernel.image,
      '-initrd', kernel.initramfs,
      '-append', kernelCommandLine,
      '-virtfs', `local,path=/,mount_tag=root,${shared},readonly=on`,
      '-virtfs', `local,path=${share},mount_tag=results,${shared}`,
      '-virtfs', `local,path=${work},mount_tag=work,security_model=${owners}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const tail: string[] = [];
  const state = { silent: false };
  const silence = setTimeout(() => {
    state.silent = true;
    child.kill('SIGKILL');
  }, silenceMs);
  const line = (text: string): void => {
    silence.refresh();
    options.onLine?.(text);
    tail.push(text);
    if (tail.length > 60) tail.shift();
  };
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  eachLine(child.stdout, line);
  eachLine(child.stderr, line);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...ended) => {
        resolve(ended);
      });
    },
  );
  clearTimeout(silence);
  const why = state.silent ? hung(silenceMs) : `the guest ended (${String(code ?? signal)})`;
  return { why, console: `console of the guest:\n${tail.join('\n')}` };
}

function eachLine(stream: NodeJS.ReadableStream, line: (text: string) => void): void {
  let rest = '';
  stream.on('data', (chunk) => {
    const lines = (rest + String(chunk)).split(/\r*\n/);
    rest = lines.pop() ?? '';
    lines.forEach(line);
  });
  stream.on('end', () => {
    if (rest !== '') line(rest);
  });
}
