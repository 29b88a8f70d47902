// Lines of mount tables, which of them covers a path, and which answers contradict each other.
import t from 'tap';

import { SURFACES } from '../../src/surfaces/answers.js';
import type { Answer, Answers, Surface } from '../../src/surfaces/answers.js';
import { coveringLine, mountLines, sameMount } from '../../src/surfaces/mount-lines.js';
import { agree, judge } from '../../src/surfaces/verdicts.js';

const MOUNTINFO = [
  '22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw',
  '25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw',
  '26 27 8:1 / /a\\040b rw master:1 - ext4 /dev/sda1 rw',
  '27 1 254:0 / / rw - ext4 /dev/vda rw',
  '28 27 0:40 / /a rw - fuse.sshfs host:/a - b rw',
  '30 25 0:27 / /dev/shm rw - xfs tmpfs rw',
  '31 27',
  'half - a',
  '32 27 0:3 net:[4026531840] /run/netns/x rw - nsfs nsfs rw',
  '',
].join('\n');

void t.test('lines of the three forms', (t) => {
  const lines = mountLines('mountinfo', MOUNTINFO);
  t.same(
    lines.map(({ id, device, point, fstype }) => [id, device, point, fstype]),
    [
      [22, '0:21', '/proc', 'proc'],
      [25, '0:23', '/dev/shm', 'tmpfs'],
      [26, '8:1', '/a b', 'ext4'],
      [27, '254:0', '/', 'ext4'],
      [28, '0:40', '/a', 'fuse.sshfs'],
      [30, '0:27', '/dev/shm', 'xfs'],
      [32, '0:3', '/run/netns/x', 'nsfs'],
    ],
  );
  const mounts = 'tmpfs /dev/shm tmpfs rw 0 0\nhost:/a\\040 /a\\134b nfs4 rw 0 0\nno\n';
  t.match(mountLines('mounts', mounts), [
    { point: '/dev/shm', fstype: 'tmpfs' },
    { point: '/a\\b', fstype: 'nfs4' },
  ]);
  const stats =
    'device h:/ mounted on /nfs with fstype nfs4 statvers=1.1\n\topts:\trw\n' +
    'no device mounted on /x with fstype tmpfs\n';
  t.match(mountLines('mountstats', stats), [
    { point: '/nfs', fstype: 'nfs4' },
    { point: '/x', fstype: 'tmpfs' },
  ]);
  t.end();
});

void t.test('the line that covers a path', (t) => {
  const lines = mountLines('mountinfo', MOUNTINFO);
  const at = (resolved: string | null, mount: number | null, device: string | null) =>
    coveringLine(lines, { resolved, mount, device })?.id;
  t.equal(at('/dev/shm/x', 25, '0:27'), 25, 'the number decides');
  t.equal(at('/dev/shm/x', 99, '0:27'), 30, 'a number that is not listed: by path');
  t.equal(at('/dev/shm', null, '0:23'), 25, 'then the device');
  t.equal(at('/dev/shm', null, null), 30, 'then the last one');
  t.equal(at('/dev/shmx', null, null), 27, 'whole names');
  t.equal(at('/a/b', null, '9:9'), 28, 'devices of btrfs and others are not those of their files');
  t.equal(at('/a b', null, null), 26);
  t.equal(at(null, null, '0:27'), undefined);
  t.equal(coveringLine([], { resolved: '/', mount: 1, device: null }), undefined);
  t.end();
});

void t.test('the same mount in another table', (t) => {
  const all = mountLines('mountinfo', MOUNTINFO);
  const like = all.filter(({ point }) => point === '/dev/shm');
  const both = mountLines('mounts', 'a /dev/shm one rw 0 0\nb / x rw\nc /dev/shm two rw 0 0\n');
  const [first, second] = like;
  t.ok(first && second);
  if (first === undefined || second === undefined) return;
  t.equal(sameMount(both, first, all)?.fstype, 'one', 'by the order of those on one point');
  t.equal(sameMount(both, second, all)?.fstype, 'two');
  t.equal(sameMount(both.slice(0, 2), first, all)?.fstype, 'one', 'else the last one');
  t.equal(sameMount([], first, all), undefined);
  t.end();
});

const EXT4 = 0xef53;
const TMPFS = 0x01021994;
const FUSE = 0x65735546;
const UNKNOWN = 0x12345678;

function answer(magic: number | null, fstype: string | null = null): Answer {
  return { magic, fstype, error: null };
}

void t.test('what agrees', (t) => {
  const right: readonly (readonly [Answer, Answer])[] = [
    [answer(EXT4), answer(null, 'ext4')],
    [answer(EXT4), answer(null, 'ext2')],
    [answer(EXT4), answer(EXT4, 'ext3')],
    [answer(TMPFS), answer(null, 'devtmpfs')],
    [answer(FUSE), answer(null, 'fuse.sshfs')],
    [answer(FUSE), answer(null, 'virtiofs')],
    [answer(null, 'fuse'), answer(null, 'fuse.sshfs')],
    [answer(UNKNOWN), answer(null, 'nobody-knows')],
  ];
  for (const [a, b] of right) {
    t.ok(agree(a, b), JSON.stringify([a, b]));
    t.ok(agree(b, a), JSON.stringify([b, a]));
  }
  const wrong: readonly (readonly [Answer, Answer])[] = [
    [answer(EXT4), answer(TMPFS)],
    [answer(EXT4), answer(null, 'tmpfs')],
    [answer(EXT4), answer(EXT4, 'tmpfs')],
    [answer(EXT4), answer(null, 'nobody-knows')],
    [answer(UNKNOWN), answer(null, 'ext4')],
    [answer(null, 'ext3'), answer(null, 'ext4')],
    [answer(null, 'fuse.a'), answer(null, 'fuse.b')],
  ];
  for (const [a, b] of wrong) {
    t.notOk(agree(a, b), JSON.stringify([a, b]));
    t.notOk(agree(b, a), JSON.stringify([b, a]));
  }
  t.end();
});

/** All surfaces say this filesystem, but for some. */
function answers(magic: number, fstype: string, but: Partial<Answers> = {}): Answers {
  const all = SURFACES.map((surface): [Surface, Answer] => [
    surface,
    surface.endsWith('statfs(2)')
      ? answer(magic)
      : surface === 'statmount(2)'
        ? answer(magic, fstype)
        : answer(null, fstype),
  ]);
  return { ...(Object.fromEntries(all) as unknown as Answers), ...but };
}

function verdicts(
  native: Answers,
  told: Answers,
  uncovered?: Partial<Record<Surface, string>>,
): Record<string, string> {
  return Object.fromEntries(
    judge(native, told, uncovered)
      .filter(({ verdict }) => verdict !== 'agrees')
      .map(({ surface, verdict }) => [surface, verdict]),
  );
}

void t.test('what contradicts, and what does not count', (t) => {
  const native = answers(TMPFS, 'tmpfs');
  const told = answers(EXT4, 'ext4');
  t.same(verdicts(native, native), {});
  t.same(verdicts(native, told), {});
  const forgotten = { ...told, 'statmount(2)': answer(TMPFS, 'tmpfs') };
  t.same(verdicts(native, forgotten), { 'statmount(2)': 'contradiction' });
  t.same(verdicts(native, forgotten, { 'statmount(2)': 'because' }), {
    'statmount(2)': 'not covered',
  });
  t.same(verdicts(native, { ...native, 'statfs(2)': answer(EXT4) }), {
    'fstatfs(2)': 'contradiction',
    '/proc/self/mountinfo': 'contradiction',
    '/proc/self/mounts': 'contradiction',
    '/etc/mtab': 'contradiction',
    '/proc/self/mountstats': 'contradiction',
    'statmount(2)': 'contradiction',
  });
  t.same(verdicts(native, { ...told, '/etc/mtab': answer(null, 'ext3') }), {
    '/etc/mtab': 'contradiction',
    '/proc/self/mountstats': 'contradiction',
    'statmount(2)': 'contradiction',
  });
  const fails: Answer = { magic: null, fstype: null, error: 'ENOENT' };
  t.same(
    verdicts(native, { ...told, '/proc/filesystems': { ...fails, error: 'does not list ext4' } }),
    { '/proc/filesystems': 'contradiction' },
    'what fails only below the mechanism',
  );
  t.same(verdicts({ ...native, '/etc/mtab': fails }, { ...told, '/etc/mtab': fails }), {
    '/etc/mtab': 'silent',
  });
  const odd = answers(TMPFS, 'overlay');
  t.match(
    verdicts(odd, odd),
    { '/proc/self/mountinfo': 'natively so' },
    "the kernel's own contradiction is not ours",
  );
  t.end();
});
