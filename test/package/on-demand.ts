// npm's package in roots of other distributions, by several Nodes, on x86_64 and in an emulated aarch64
// machine. Not a part of `npm test`: npm run test:package (docs/lanes.md).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Guest, checkout } from '../lanes/guest/guest.js';
import { Unavailable } from '../lanes/programs.js';
import { cleanCommand } from '../support/environment.js';
import { quote } from '../support/shell.js';
import { SILENCE_MS } from '../support/silence.js';
import { fileIn, packages } from './release.js';
import {
  debianRoot,
  debianRootWith,
  installed,
  type Machine,
  muslRoot,
  nodeDirectory,
} from './roots.js';

const NODES = ['20', '22', '24', 'latest'] as const;

// Below the checkout, where the guest sees it.
const scratch = mkdtempSync(join(checkout, 'test', 'build', 'roots-'));
t.teardown(() => {
  rmSync(scratch, { recursive: true, force: true });
});
const tarball = fileIn(packages(), '.tgz');

/** Nothing is put into a root that has it already. */
interface Put {
  readonly app?: string;
  readonly node?: string | undefined;
}

/** A script for sh, as root: `node` and the project are put into the root, and it is run there. */
function inRoot(tree: string, { app, node }: Put): string {
  const at = (name: string): string => quote(join(tree, name));
  const mounts = [
    `mount -t proc proc ${at('proc')}`,
    `mount -o rbind /dev ${at('dev')}`,
    `mount -t tmpfs tmpfs ${at('tmp')}`,
    ...(app === undefined ? [] : [`mount -o bind ${quote(app)} ${at('opt/app')}`]),
    ...(node === undefined ? [] : [`mount -o bind ${quote(node)} ${at('opt/node')}`]),
  ];
  const program = app === undefined ? 'seccomp-spoof' : '/opt/app/node_modules/.bin/seccomp-spoof';
  const inside = [
    'node --version',
    `${program} --version | head -n 2`,
    `${program} exec --fstype tmpfs=ext4 stat -f -c %T /tmp`,
    `${program} doctor >/tmp/doctor || { cat /tmp/doctor; exit 1; }`,
    'echo done',
  ].join('\n');
  const path = 'PATH=/opt/node:/usr/bin:/bin';
  return ['set -e', ...mounts, `chroot ${quote(tree)} env -i ${path} sh -ec ${quote(inside)}`].join(
    '\n',
  );
}

function runHere(script: string): { status: number | null; stdout: string; stderr: string } {
  const words = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script];
  const [program, rest] = cleanCommand(words);
  return spawnSync(program, rest, { encoding: 'utf8', timeout: SILENCE_MS });
}

function check(
  t: Test,
  { status, stdout, stderr }: { status: number | null; stdout: string; stderr: string },
  machine: Machine,
): void {
  t.equal(stderr, '', 'nothing on standard error');
  t.match(stdout, new RegExp(`^supervisor +ABI \\d+, linux-${machine}$`, 'm'), 'its own files');
  t.match(stdout, /^ext2\/ext3$/m, 'exec');
  t.match(stdout, /^done$/m, 'doctor');
  t.equal(status, 0, `status: ${stdout.split('\n')[0] ?? ''}`);
}

/** What is needed, or a skip that says what is missing. */
function needing<Thing>(t: Test, make: () => Thing): Thing | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    t.pass('what is needed is here', { skip: error.message });
    return undefined;
  }
}

const missing = process.getuid?.() === 0 && process.arch === 'x64' ? false : 'not root on x86_64';
const skipped = (where: string): string | false =>
  new RegExp(process.env['WHERE'] ?? '').test(where)
    ? missing
    : `WHERE is ${process.env['WHERE'] ?? ''}`;

for (const [release, suite] of [
  ['11', 'bullseye'],
  ['12', 'bookworm'],
  ['13', 'trixie'],
] as const) {
  await t.test(`Debian ${release}`, { skip: skipped(`Debian ${release}`) }, async (t) => {
    const tree = needing(t, () => debianRoot(suite, 'x64'));
    if (tree === undefined) return;
    const app = installed(tarball, 'x64', 'glibc', join(scratch, suite));
    for (const version of NODES) {
      await t.test(`Node ${version}`, (t) => {
        const node = needing(t, () => nodeDirectory(version, 'x64'));
        if (node !== undefined) check(t, runHere(inRoot(tree, { app, node })), 'x64');
        t.end();
      });
    }
  });
}

await t.test('musl', { skip: skipped('musl') }, (t) => {
  const tree = needing(t, () => muslRoot());
  if (tree !== undefined) {
    const app = installed(tarball, 'x64', 'musl', join(scratch, 'musl'));
    check(t, runHere(inRoot(tree, { app })), 'x64');
  }
  t.end();
});

await t.test('Debian package, by apt', { skip: skipped('apt') }, async (t) => {
  const file = fileIn(packages(), '_amd64.deb');
  await t.test('Debian 13, with its own Node', (t) => {
    const make = () => debianRootWith(file, 'trixie', 'x64', join(scratch, 'apt-trixie'));
    const tree = needing(t, make);
    if (tree !== undefined) check(t, runHere(inRoot(tree, {})), 'x64');
    t.end();
  });
  await t.test('Debian 12, whose Node is too old: apt says so', (t) => {
    const make = () => debianRootWith(file, 'bookworm', 'x64', join(scratch, 'apt-bookworm'));
    t.throws(make, /held broken packages|unmet dependencies/, 'and installs nothing');
    t.end();
  });
});

const guest = new Guest('aarch64');
await t.test('aarch64', { skip: skipped('aarch64') || (guest.available() ?? false) }, async (t) => {
  const app = installed(tarball, 'arm64', 'glibc', join(scratch, 'arm64'));
  const deb = fileIn(packages(), '_arm64.deb');
  const found = needing(t, () => {
    const tree = debianRoot('bookworm', 'arm64');
    const nodes = ['20', 'latest'].map((version) => nodeDirectory(version, 'arm64'));
    const own = debianRootWith(deb, 'trixie', 'arm64', join(scratch, 'apt-arm64'));
    return [...nodes.map((node) => ({ tree, put: { app, node } })), { tree: own, put: {} }];
  });
  if (found === undefined) return;
  const results = await guest.runAll(
    found.map(
      ({ tree, put }) => `${inRoot(tree, put)}\numount -r -l ${quote(join(tree, 'proc'))} || :`,
    ),
    { memory: 2048 },
  );
  for (const result of results) check(t, result, 'arm64');
});
