// How programs are run: natively, or below `exec` by a mechanism with a policy (`inline ...`: and what the
// program can answer itself it does); as root, as a user, in a user namespace. Each run has a filesystem of its own at the same place.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cleanCommand } from '../support/environment.js';
import { root, seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';
import type { Program } from './generate.js';

export const mechanisms = ['notify', 'trace', 'ptrace', 'inline notify', 'inline trace'] as const;
/** `types`, `named`: what a program can answer itself. */
export const policiesOf = (mechanism: Way['mechanism']): readonly string[] =>
  mechanism.startsWith('inline') ? ['default', 'types', 'named'] : ['empty', 'default', 'full'];
/** Does the policy tell of files that are natively real? */
const tellsFiles = (policy: string | undefined): boolean => policy === 'full' || policy === 'named';
export const users = ['root', 'user', 'namespace'] as const;

export interface Way {
  readonly mechanism: (typeof mechanisms)[number];
  readonly policy: string;
  readonly user: (typeof users)[number];
}

/** Without what a program answers itself. */
export const mechanismOf = ({ mechanism }: Way): string => mechanism.replace('inline ', '');

export const titleOf = ({ mechanism, policy, user }: Way): string =>
  `${mechanism}, ${policy} policy, ${user}`;

/** What each program has said, and what was on the disk then, by its name. */
export interface Outcome {
  readonly transcripts: ReadonlyMap<string, string>;
  readonly disk: ReadonlyMap<string, string>;
  readonly errors: string;
}

export const told = { release: '5.15.0-told', version: '#1 told', totalram: 3 * 2 ** 30 };

const full = (place: string): string => `apiVersion: seccomp-spoof/v1
name: full
statfs:
  - when: { type: tmpfs }
    answer: { type: ext4 }
  - when: { type: tmpfs, path: ${place}/nowhere/** }
    answer: { type: xfs }
mounts:
  - when: { fstype: tmpfs, path: '${place}/**' }
    answer: { fstype: ext4 }
files:
  - { path: ${place}/lie/content, content: "told\\n" }
  - { path: ${place}/lie/kept, content: "kept\\n", writes: keep }
  - { path: ${place}/lie/absent, content: "only where nothing is\\n", when: missing }
  - { path: ${place}/lie/redirected, redirect: ${place}/target/redirected }
  - { path: '${place}/lie/tree/**', redirect: ${place}/target/tree }
  - { path: ${place}/lie/rewritten, rewrite: [{ match: 'one', replace: 'other' }] }
uname: { release: '${told.release}', version: '${told.version}' }
sysinfo: { totalram: ${told.totalram} }
`;

const types = (place: string): string => `apiVersion: seccomp-spoof/v1
name: types
statfs:
  - when: { type: tmpfs }
    answer: { type: ext4 }
mounts:
  - when: { fstype: tmpfs, path: '${place}/**' }
    answer: { fstype: ext4 }
`;

const named = (place: string): string => `${types(place)}files:
  - { path: ${place}/lie/content, content: "told\\n" }
  - { path: ${place}/lie/kept, content: "kept\\n", writes: keep }
  - { path: ${place}/lie/absent, content: "only where nothing is\\n", when: missing }
  - { path: ${place}/lie/redirected, redirect: ${place}/target/redirected }
  - { path: ${place}/lie/tree/leaf, redirect: ${place}/target/tree/leaf }
  - { path: ${place}/lie/rewritten, rewrite: [{ match: 'one', replace: 'other' }] }
`;

const sections = (text: string): Map<string, string> => {
  const found = new Map<string, string>();
  for (const section of `\n${text}`.split('\n= ').slice(1)) {
    const end = section.indexOf('\n');
    if (end >= 0) found.set(section.slice(0, end), section.slice(end + 1));
  }
  return found;
};

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(words: readonly string[]): Promise<Ended> {
  const [command, rest] = cleanCommand(words, { SECCOMP_SPOOF_CACHE: 'off' });
  const child = spawn(command, rest, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('latin1').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, stdout, stderr });
    });
  });
}

const privately = ['unshare', '--mount', '--propagation', 'private'];

/** Where all runs of one comparison happen. */
export class Arena {
  readonly directory = mkdtempSync('/dev/shm/spoof-fuzz-');
  readonly place = path.join(this.directory, 'place');
  readonly #program = path.join(this.directory, 'fuzz');
  #files = 0;
  /** Mounts are each run's own; if not (gVisor before 2023), one runs after the other. */
  #isPrivate = true;
  #last: Promise<unknown> = Promise.resolve();

  async prepare(): Promise<void> {
    this.#isPrivate = (await start([...privately, 'true'])).status === 0;
    mkdirSync(this.place);
    const sources = ['fuzz', 'run', 'answers', 'world'].map((name) =>
      path.join(root, 'test/fuzz', `${name}.c`),
    );
    const words = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-static'];
    const output = ['-pthread', '-o', this.#program];
    const { status, stderr } = await start(['cc', ...words, ...output, ...sources]);
    if (status !== 0) throw new Error(stderr);
    await start(['chmod', '-R', 'a+rX', this.directory]);
    writeFileSync(this.#file('full.yaml'), full(this.place));
    writeFileSync(this.#file('types.yaml'), types(this.place));
    writeFileSync(this.#file('named.yaml'), named(this.place));
    writeFileSync(this.#file('empty.yaml'), 'apiVersion: seccomp-spoof/v1\nname: empty\n');
  }

  #file(name: string): string {
    return path.join(this.directory, name);
  }

  /** Rules that the oracle does not know of, in the policy that is called empty. */
  plant(rules: string): void {
    writeFileSync(
      this.#file('empty.yaml'),
      `apiVersion: seccomp-spoof/v1\nname: empty\n${rules}\n`,
    );
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Below no `exec` if there is no way; files that only `full` tells are there then. */
  async run(programs: readonly Program[], user: Way['user'], way?: Way): Promise<Outcome> {
    if (this.#isPrivate) return await this.#run(programs, user, way);
    const turn = this.#last.then(() => this.#run(programs, user, way));
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  async #run(programs: readonly Program[], user: Way['user'], way?: Way): Promise<Outcome> {
    const file = this.#file(`programs-${this.#files++}`);
    writeFileSync(
      file,
      programs.map(({ name, lines }) => `= ${name}\n${lines.join('\n')}\n`).join(''),
      'latin1',
    );
    const id = user === 'root' ? 0 : 1000;
    const policy = way?.policy === 'default' ? '9p-as-ext4' : this.#file(`${way?.policy}.yaml`);
    const inline = ['--inline', way?.mechanism.startsWith('inline') ? 'always' : 'off'];
    const words = way ? ['-q', '-m', mechanismOf(way), ...inline, '-p', policy] : [];
    const below = way ? [seccompSpoof, 'exec', ...words, '--insecure-policy', '--'] : [];
    const owner =
      user === 'root' ? [] : ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'];
    const become = user === 'namespace' ? [...owner, 'unshare', '-Ur'] : owner;
    const exact = way && mechanismOf(way) === 'notify' ? 'interrupted' : 'exact';
    const line = [...become, ...below, this.#program, 'run', this.place, file, exact];
    const [program, place] = [quote(this.#program), quote(this.place)];
    // Whatever a program may climb to, it changes nothing but its own place.
    const closed =
      'for point in / /dev /dev/shm; do ! mountpoint -q $point || mount -o bind,remount,ro $point || exit 98; done';
    const script = [
      this.#isPrivate ? closed : `trap 'umount -l ${place}' EXIT`,
      `mount -t tmpfs -o mode=755,size=1g seccomp-spoof-fuzz ${place} &&`,
      `${program} world ${place} ${tellsFiles(way?.policy) ? 'told' : 'real'} ${id} || exit 99`,
      `${[...owner, this.#program, 'make', this.place, file].map(quote).join(' ')} || exit 99`,
      `${line.map(quote).join(' ')}; echo "= status $?"`,
      `echo "= disk"; ${program} dump ${place}`,
    ].join('\n');
    const command = [...(this.#isPrivate ? privately : []), 'sh', '-c', script];
    const { status, stdout, stderr } = await start(command);
    rmSync(file);
    const border = stdout.indexOf('= disk\n');
    if (border < 0) throw new Error(`nothing was run, status ${status ?? 'none'}: ${stderr}`);
    const transcripts = sections(stdout.slice(0, border));
    return { transcripts, disk: sections(stdout.slice(border + 7)), errors: stderr };
  }
}

/** Why nothing can be compared here. */
export const missing = (): string | false =>
  process.getuid?.() !== 0
    ? 'needs root, to mount and to become others'
    : !existsSync(path.join(testBuild, '..')) && 'no test directory';
