// Programs on this kernel, on a tmpfs and on FUSE that are seen as others, by each mechanism.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { run } from '../cli/helpers.js';
import { findProgram } from '../lanes/programs.js';
import { type Filesystem, type Way, by, check, script } from './programs.js';

const scratch = mkdtempSync(path.join(tmpdir(), 'programs-'));
// One of the programs runs as nobody.
chmodSync(scratch, 0o755);
t.teardown(() => {
  rmSync(scratch, { recursive: true, force: true });
});
const mounted = path.join(scratch, 'mounted');
mkdirSync(mounted);

/**
 * Only what lies in our own directory, and in containers, which see that as /data: runtimes check
 * that /sys/fs/cgroup is a tmpfs.
 */
function policy(from: Filesystem, to: Filesystem): string {
  const name = `${from}-as-${to}`;
  const file = path.join(scratch, `${name}.yaml`);
  const lines = [
    'apiVersion: seccomp-spoof/v1',
    `name: ${name}`,
    'statfs:',
    `  - when: { type: ${from}, path: ['${mounted}/**', '/data/**'] }`,
    `    answer: { type: ${to} }`,
    'mounts:',
    `  - when: { fstype: ${from}, path: ['${mounted}', '/data'] }`,
    `    answer: { fstype: ${to} }`,
  ];
  writeFileSync(file, lines.join('\n') + '\n');
  return `--policy '${file}'`;
}

async function programsOn(t: Test, from: Filesystem, mount: string, ways: readonly Way[]) {
  const place = {
    directory: `'${mounted}'`,
    scratch: `'${path.join(scratch, from)}'`,
  };
  const all = [
    'set -e',
    mount,
    // podman keeps its locks there, by a name that it always takes.
    'mount -t tmpfs tmpfs /dev/shm',
    `trap 'umount -l "${mounted}"' EXIT`,
    'set +e',
    script(place, ways),
  ].join('\n');
  const ended = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', all]);
  t.equal(ended.stderr, '', 'nobody complains');
  check(t, from, ways, ended.stdout);
}

const skip = process.getuid?.() === 0 ? false : 'needs root, to mount';

await t.test('a tmpfs', { skip }, async (t) => {
  const as = (to: Filesystem) => policy('tmpfs', to);
  await programsOn(t, 'tmpfs', `mount -t tmpfs tmpfs '${mounted}'`, [
    ...['notify', 'trace', 'ptrace'].map((mechanism) => by(mechanism, as('ext4'), 'ext4')),
    // The other way round: what these programs dislike is the name, and nothing else.
    by('notify', as('9p'), '9p'),
    by('notify', as('nfs'), 'nfs'),
  ]);
});

const withoutFuse = findProgram('bindfs') === undefined && 'no bindfs (Debian package bindfs)';

await t.test('a filesystem in user space', { skip: skip || withoutFuse }, async (t) => {
  const below = path.join(scratch, 'below');
  mkdirSync(below);
  await programsOn(t, 'fuse', `bindfs '${below}' '${mounted}'`, [
    by('notify', policy('fuse', 'ext4')),
    by('trace', policy('fuse', 'ext4')),
  ]);
});
