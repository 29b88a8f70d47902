// Where the program of work.c runs below the supervisor that has the hook: its files, its policies, and
// one run of it.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { resolvePolicy } from '../../src/policy/index.js';
import { root, testBuild } from '../support/paths.js';

export const mechanisms = ['notify', 'trace', 'ptrace'] as const;
/** Rules of filesystems by type, or also by path: then each file has to be looked up. */
export const policies = ['types', 'paths'] as const;
/** In the command's place, or as its parent. */
export const forms = ['beside', 'stay'] as const;

export interface Way {
  readonly mechanism: (typeof mechanisms)[number];
  readonly policy: (typeof policies)[number];
  readonly form: (typeof forms)[number];
}

export const titleOf = ({ mechanism, policy, form }: Way): string =>
  `${mechanism}, ${policy}${form === 'stay' ? ', stay' : ''}`;

/** From the call with this number of its kind on, so many fail with an errno, or wait. */
export interface Fault {
  readonly kind: string;
  readonly nth: number;
  readonly times?: number;
  readonly error?: number;
  readonly delayUs?: number;
}

export interface Call {
  readonly kind: string;
  /** Of its kind. */
  readonly number: number;
  /** The address it was made from. */
  readonly site: bigint;
}

export interface Run {
  readonly exit: number;
  readonly signal: number;
  /** Processes that hung, or nothing. */
  readonly hung: string;
  readonly lines: readonly string[];
  readonly errors: string;
  /** How often the fault was made. */
  readonly hits: number;
  /** The address of the first one. */
  readonly site: bigint;
  readonly calls: readonly Call[];
  /** What is in the real files afterwards. */
  readonly disk: Readonly<Record<string, string>>;
}

const built = path.join(testBuild, 'faults');
export const supervisor = path.join(built, 'supervisor');

export function build(): void {
  const { status, stderr } = spawnSync('make', ['-s', '-C', path.join(root, 'test/faults')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}

/** As the kernel's own, and as rules tell them: what.ts compares with both. */
export const big = (word: string): string => `${`${word} `.repeat(13_990)}\n`;

const realFiles: Readonly<Record<string, string>> = {
  plain: 'plain\n',
  content: 'really\n',
  excepted: 'excepted\n',
  kept: 'really kept\n',
  discarded: 'really discarded\n',
  secret: 'real secret\n',
  redirected: 'not redirected\n',
  private: 'not private\n',
  rewritten: 'one two\n',
  large: big('big one'),
  'memory.stat': 'real stat\n',
  'memory.current': '4096\n',
  'target/redirected': 'target\n',
  'target/private': 'private\n',
  'target/tree/leaf': 'leaf of target\n',
  'tree/leaf': 'real leaf\n',
  'root/content': 'of root\n',
};

const rules = (place: string, policy: string): string => `apiVersion: seccomp-spoof/v1
name: faults
statfs:
  - when: { type: tmpfs }
    answer: { type: ext4 }
${policy === 'paths' ? `  - { when: { type: tmpfs, path: ${place}/nowhere/** }, answer: { type: xfs } }` : ''}
mounts:
  - when: { fstype: tmpfs, path: /dev/shm }
    answer: { fstype: ext4 }
files:
  - { path: ${place}/content, content: "told\\n" }
  - { path: ${place}/excepted, content: "told\\n", except: { program: work } }
  - { path: /proc/version, rewrite: [{ match: 'Linux', replace: 'Other' }] }
  - { path: ${place}/secret, content: "told secret\\n", mode: "0600" }
  - { path: ${place}/kept, content: "kept\\n", writes: keep, mode: "0666" }
  - { path: ${place}/discarded, content: "discarded\\n", writes: discard }
  - { path: ${place}/absent, content: "absent\\n", writes: keep, when: missing }
  - { path: ${place}/large, rewrite: [{ match: 'one', replace: 'six' }], writes: discard }
  - { path: ${place}/redirected, redirect: ${place}/target/redirected }
  - { path: ${place}/private, redirect: ${place}/target/private }
  - { path: '${place}/tree/**', redirect: ${place}/target/tree }
  - { path: ${place}/rewritten, rewrite: [{ match: 'one', replace: 'other' }], writes: discard }
  - { path: ${place}/memory.stat, generate: memory-stat-v2 }
uname: { release: '5.15.0-told' }
sysinfo: { totalram: 3GiB }
`;

/* hook.h */
const kindLength = 32;
const kinds = 256;
const mostCalls = 65_536;
const places = { nth: 32, times: 36, error: 40, delay: 44, hits: 48, site: 56, made: 68 };
const counts = 72;
const names = counts + 4 * kinds;
const calls = names + kindLength * kinds;
const size = calls + 16 * mostCalls;

const cString = (bytes: Buffer): string => bytes.subarray(0, bytes.indexOf(0)).toString();

export class Arena {
  readonly directory = mkdtempSync('/dev/shm/spoof-faults-');
  readonly place = path.join(this.directory, 'place');

  async prepare(): Promise<void> {
    build();
    const compiler = (await import(path.join(root, 'dist/policy/index.js'))) as {
      resolvePolicy: typeof resolvePolicy;
    };
    for (const policy of policies) {
      const file = this.#file(`${policy}.yaml`);
      writeFileSync(file, rules(this.place, policy));
      const { blob } = await compiler.resolvePolicy({ policies: [file], fstypes: [] });
      writeFileSync(this.#file(`${policy}.blob`), blob);
    }
    writeFileSync(this.#file('control'), '');
  }

  #file(name: string): string {
    return path.join(this.directory, name);
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #lay(): void {
    rmSync(this.place, { recursive: true, force: true });
    for (const directory of ['', 'target/tree', 'tree', 'root'])
      mkdirSync(path.join(this.place, directory), { recursive: true, mode: 0o755 });
    for (const [name, text] of Object.entries(realFiles))
      writeFileSync(path.join(this.place, name), text, { mode: name === 'secret' ? 0o600 : 0o644 });
    // Only who has capabilities may read it.
    chownSync(path.join(this.place, 'target/private'), 1001, 1001);
    chmodSync(path.join(this.place, 'target/private'), 0o600);
    symlinkSync('.', path.join(this.place, 'link'));
  }

  #disk(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const entry of readdirSync(this.place, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) {
        const file = path.join(entry.parentPath, entry.name);
        found[path.relative(this.place, file)] = readFileSync(file, 'latin1');
      }
    return found;
  }

  #control(fault: Fault | undefined): void {
    const bytes = Buffer.alloc(calls);
    if (fault) {
      bytes.write(fault.kind, 0);
      bytes.writeUInt32LE(fault.nth, places.nth);
      bytes.writeUInt32LE(fault.times ?? 1, places.times);
      bytes.writeInt32LE(fault.error ?? 0, places.error);
      bytes.writeUInt32LE(fault.delayUs ?? 0, places.delay);
    }
    writeFileSync(this.#file('control'), bytes);
    truncateSync(this.#file('control'), size);
  }

  #made(bytes: Buffer): Call[] {
    const name = (kind: number): string =>
      cString(bytes.subarray(names + kind * kindLength, names + (kind + 1) * kindLength));
    const made = Math.min(bytes.readUInt32LE(places.made), mostCalls);
    return Array.from({ length: made }, (_, i) => ({
      kind: name(bytes.readUInt32LE(calls + 16 * i)),
      number: bytes.readUInt32LE(calls + 16 * i + 4),
      site: bytes.readBigUInt64LE(calls + 16 * i + 8),
    }));
  }

  /** With no fault the calls are those of the run, in their order. `looks`: before a process hangs. */
  async run(way: Way | undefined, fault?: Fault, looks = 60): Promise<Run> {
    this.#lay();
    this.#control(fault);
    const work = path.join(built, 'work');
    const options = way
      ? [
          ...['start', '--policy', '4', '--log', '5', '--log-level', 'trace'],
          ...['--mechanism', way.mechanism],
          ...(way.form === 'stay' ? ['--stay'] : []),
          ...['--', work, this.place],
        ]
      : [this.place];
    const words = [
      this.#file('control'),
      String(looks),
      this.#file(`${way?.policy ?? 'types'}.blob`),
      this.#file('log'),
      way ? supervisor : work,
      ...options,
    ];
    const out = openSync(this.#file('out'), 'w+');
    const errors = openSync(this.#file('errors'), 'w+');
    const child = spawn(path.join(built, 'launch'), words, {
      cwd: '/',
      stdio: ['ignore', out, errors, 'pipe'],
    });
    closeSync(out);
    closeSync(errors);
    let told = '';
    child.stdio[3]?.on('data', (bytes: Buffer) => (told += bytes.toString()));
    await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const { exit, signal, hung } = JSON.parse(told) as Pick<Run, 'exit' | 'signal' | 'hung'>;
    const control = readFileSync(this.#file('control'));
    return {
      exit,
      signal,
      hung,
      lines: readFileSync(this.#file('out'), 'latin1').split('\n').slice(0, -1),
      errors: readFileSync(this.#file('errors'), 'latin1'),
      hits: control.readUInt32LE(places.hits),
      site: control.readBigUInt64LE(places.site),
      calls: fault ? [] : this.#made(control),
      disk: this.#disk(),
    };
  }
}
