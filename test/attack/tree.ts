// A directory with all that an unprivileged program has no right to, and a policy of every kind of rule
// about it. One is made for each run: what a run has changed tells afterwards.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** Who attacks, and somebody else. */
export const user = 12345;
const other = 999;

/** What is left of an entry when all is over: owner, mode, and what it holds. */
export type State = ReadonlyMap<string, string>;

export interface Tree {
  readonly directory: string;
  readonly policy: string;
  /** Names below each kind of rule. */
  readonly names: readonly string[];
}

/** How a rule says what is found at a path. */
export const kinds = ['redirected', 'tree', 'rewritten', 'told', 'discarded', 'kept'] as const;
export type Kind = (typeof kinds)[number];

/** Where a program without a supervisor has to go for the same. */
export const nativeKind: Readonly<Record<Kind, string>> = {
  redirected: 'places',
  tree: 'places',
  rewritten: 'rewritten',
  told: 'told',
  discarded: 'discarded',
  kept: 'kept',
};

interface Place {
  readonly name: string;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

const directories: readonly Place[] = [
  { name: 'locked', mode: 0o700 },
  { name: 'group-denied', mode: 0o707, gid: user },
  { name: 'acl-directory', mode: 0o755 },
  { name: 'sticky', mode: 0o1777 },
  { name: 'own', mode: 0o700, uid: user, gid: user },
];

const files: readonly Place[] = [
  { name: 'secret', mode: 0o600 },
  { name: 'of-group', mode: 0o640, gid: 777 },
  { name: 'public', mode: 0o644 },
  { name: 'everyone', mode: 0o666 },
  { name: 'written-only', mode: 0o622 },
  { name: 'setuid', mode: 0o4755 },
  { name: 'owner-denied', mode: 0o044, uid: user, gid: user },
  { name: 'group-kept-out', mode: 0o604, gid: user },
  { name: 'acl-denied', mode: 0o644 },
  { name: 'acl-granted', mode: 0o600 },
  { name: 'locked/file', mode: 0o644 },
  { name: 'group-denied/file', mode: 0o644 },
  { name: 'acl-directory/file', mode: 0o644 },
  { name: 'sticky/of-other', mode: 0o666, uid: other, gid: other },
  { name: 'own/file', mode: 0o600, uid: user, gid: user },
];

/** Links that lie in the place, by whom, and where to. */
const links: readonly (readonly [name: string, uid: number, to: string])[] = [
  ['link-to-secret', user, 'secret'],
  ['link-to-public', user, 'public'],
  ['link-to-locked', user, 'locked/file'],
  ['sticky/link-of-other', other, '../everyone'],
  ['sticky/link-of-user', user, '../everyone'],
  ['own/link', user, '../secret'],
  ['link-to-tty', user, '/dev/tty'],
  ['link-to-console', user, '/dev/console'],
  ['link-to-ptmx', user, '/dev/ptmx'],
];

/** Files of procfs; V is the victim. */
const ofProc: readonly string[] = [
  'kallsyms',
  'kcore',
  'sys/fs/protected_symlinks',
  'sys/kernel/cad_pid',
  'self/maps',
  'self/exe',
  ...['maps', 'environ', 'mem', 'auxv', 'syscall', 'io', 'stat', 'pagemap', 'exe'].map(
    (n) => `V/${n}`,
  ),
  ...['fd/10', 'fd/11', 'cwd/policy.yaml', 'root/etc/hostname', 'fdinfo/10'].map((n) => `V/${n}`),
];

/** What can be made only below one directory, and what lies in procfs itself. */
function proc(victim: number): readonly (readonly [name: string, to: string])[] {
  return ofProc.map((name) => [
    `proc-${name.replaceAll('/', '-')}`,
    `/proc/${name.replace(/^V/, `${victim}`)}`,
  ]);
}

function own(file: string, { mode, uid = 0, gid = 0 }: Omit<Place, 'name'>): void {
  chownSync(file, uid, gid);
  chmodSync(file, mode);
}

const acls: readonly (readonly [name: string, entry: string])[] = [
  ['acl-denied', `u:${user}:---`],
  ['acl-granted', `u:${user}:r--`],
  ['acl-directory', `u:${user}:---`],
];

/** Everything that is not a matter of one process. */
function fill(place: string): void {
  mkdirSync(place, { mode: 0o755 });
  for (const { name, ...how } of directories) {
    mkdirSync(path.join(place, name));
    own(path.join(place, name), how);
  }
  for (const { name, ...how } of files) {
    writeFileSync(path.join(place, name), `secret ${name}\n`);
    own(path.join(place, name), how);
  }
  for (const [name, uid, to] of links) {
    symlinkSync(to, path.join(place, name));
    lchownSync(path.join(place, name), uid, uid);
  }
  linkSync(path.join(place, 'secret'), path.join(place, 'own/hard-link'));
  for (const [name, entry] of acls)
    spawnSync('setfacl', ['-m', entry, path.join(place, name)], { stdio: 'inherit' });
  spawnSync('mknod', ['-m', '600', path.join(place, 'device'), 'c', '1', '3'], {
    stdio: 'inherit',
  });
}

const inPlace: readonly string[] = [
  ...files.map(({ name }) => name),
  ...links.map(([name]) => name),
  'own/hard-link',
  'fifo',
  'sticky/fifo',
  'device',
  'absent',
  'sticky/absent',
  'own/absent',
  'sticky',
  'own',
  'locked',
];

/** `startVictim` is told the directory and says the pid of the victim. */
export async function makeTree(startVictim: (directory: string) => Promise<number>): Promise<Tree> {
  const directory = mkdtempSync('/dev/shm/seccomp-spoof-attack-');
  chmodSync(directory, 0o755);
  for (const kind of ['places', 'rewritten', 'told', 'discarded', 'kept'])
    fill(path.join(directory, kind));
  /* Only where the victim holds the other end. */
  for (const name of ['fifo', 'sticky/fifo'])
    spawnSync('mkfifo', ['-m', '666', path.join(directory, 'places', name)], { stdio: 'inherit' });
  for (const kind of ['redirected', 'tree']) mkdirSync(path.join(directory, kind), { mode: 0o755 });
  const policy = path.join(directory, 'policy.yaml');
  writeFileSync(policy, '');
  const victim = await startVictim(directory);
  for (const [name, to] of proc(victim)) {
    symlinkSync(to, path.join(directory, 'places', name));
    lchownSync(path.join(directory, 'places', name), user, user);
  }
  const names = [...inPlace, ...proc(victim).map(([name]) => name)];
  writeFileSync(policy, policyOf(directory, names));
  return { directory, policy, names };
}

function policyOf(directory: string, names: readonly string[]): string {
  const rules = [
    ...names.map(
      (name) => `{ path: ${directory}/redirected/${name}, redirect: ${directory}/places/${name} }`,
    ),
    `{ path: '${directory}/tree/**', redirect: ${directory}/places }`,
    `{ path: '${directory}/rewritten/{*,*/*}', scope: all, rewrite: [{ match: secret, replace: SECRET }] }`,
    `{ path: '${directory}/told/{*,*/*}', content: "told\\n", scope: all }`,
    `{ path: '${directory}/discarded/{*,*/*}', content: "told\\n", writes: discard, mode: "0666" }`,
    `{ path: '${directory}/kept/{*,*/*}', content: "told\\n", writes: keep, mode: "0666" }`,
    `{ path: '${directory}/made/of/rules', content: "told\\n", when: missing, parents: true }`,
    "{ path: '/proc/*/{maps,environ,auxv,syscall,stat,io}', rewrite: [{ match: '^', replace: 'x' }] }",
    "{ path: '/proc/sys/fs/protected_*', rewrite: [{ match: '^', replace: 'x' }] }",
  ];
  return [
    'apiVersion: seccomp-spoof/v1',
    'name: attack',
    'statfs:',
    '  - { when: { type: tmpfs }, answer: { type: ext4 } }',
    '  - { when: { type: tmpfs, path: /dev/shm/** }, answer: { bfree: 1 } }',
    'mounts:',
    '  - { when: { fstype: tmpfs }, answer: { fstype: ext4 } }',
    "uname: { release: '9.9.9' }",
    'files:',
    ...rules.map((rule) => `  - ${rule}`),
    '',
  ].join('\n');
}

/** A redirect through a link that the attacker may replace, and files of all processes rewritten. */
export function makePlaceOfLinks(): { readonly directory: string; readonly policy: string } {
  const directory = mkdtempSync('/dev/shm/seccomp-spoof-attack-');
  const policy = path.join(directory, 'policy.yaml');
  chmodSync(directory, 0o755);
  mkdirSync(path.join(directory, 'own'));
  own(path.join(directory, 'own'), { mode: 0o755, uid: user, gid: user });
  const files = 'maps,smaps,numa_maps,environ,auxv,syscall,stack,stat,io,wchan,limits';
  const rules = [
    `{ path: ${directory}/via, redirect: ${directory}/own/via, scope: all }`,
    `{ path: '/proc/*/{${files}}', scope: all, rewrite: [{ match: '^', replace: 'x' }] }`,
  ];
  const head = ['apiVersion: seccomp-spoof/v1', 'name: attack', 'files:'];
  writeFileSync(policy, [...head, ...rules.map((rule) => `  - ${rule}`), ''].join('\n'));
  return { directory, policy };
}

/** Of all that lies there: whose it is, its mode, what it holds. */
export function stateOf(directory: string): State {
  const state = new Map<string, string>();
  const look = (name: string): void => {
    const file = path.join(directory, name);
    const info = lstatSync(file);
    const holds = info.isFile()
      ? readFileSync(file, 'latin1')
      : info.isSymbolicLink()
        ? readlinkSync(file)
        : '';
    state.set(name, [info.uid, info.gid, info.mode.toString(8), holds].join(' '));
    if (info.isDirectory()) for (const entry of readdirSync(file)) look(path.join(name, entry));
  };
  look('.');
  return state;
}
