// What the supervisor's probe of overlays says of 9p by each way of sharing it: whether k3s's images can be unpacked
// there, and what else k3s needs of its data directory.
import t, { type Test } from 'tap';
import { diodUnavailable, mountOnDiod } from '../lanes/guest/diod.js';
import { Guest } from '../lanes/guest/guest.js';
import { supervisor } from '../support/paths.js';
import { quote } from '../support/shell.js';

const guest = new Guest();
const skip = diodUnavailable() ?? guest.available() ?? false;

type Expected = readonly [place: string, works: boolean, why: RegExp];

/** Mounts it again, with a cache. */
const cached =
  'umount /run/9p && mount -t 9p -o trans=virtio,version=9p2000.L,cache=mmap work /run/9p';

async function probe(
  t: Test,
  before: readonly string[],
  places: readonly Expected[],
  passthrough: { passthrough?: true } = {},
): Promise<void> {
  const script = [
    'set -e',
    ...before,
    ...places.map(([place]) => `${quote(supervisor)} overlay ${place}`),
    ...places.map(([place]) => `ls -A ${place} | grep seccomp-spoof || :`),
  ];
  const version = { version: '9p2000.L' } as const;
  const { stdout, stderr } = await guest.run(script.join('\n'), { ...version, ...passthrough });
  const lines = stdout.trim().split('\n');
  for (const [i, [place, works, why]] of places.entries())
    t.match(JSON.parse(lines[i] ?? 'null'), { works, why }, place, { stderr });
  t.equal(lines.length, places.length, 'nothing stays there');
}

await t.test('on 9p', { skip }, async (t) => {
  await probe(
    t,
    [mountOnDiod('/run/on-9p')],
    [
      ['/tmp', true, /written to/],
      ['/run/9p', false, /learn the types of files from their directory/],
      ['/run/guest', false, /map a file there that can be written to/],
      ['/run/on-9p', false, /make a file in a lower directory: No data available/],
    ],
  );
});

const skipAsUser = process.getuid?.() === 0 ? skip : 'security_model=passthrough needs root';
await t.test('on 9p with its host’s owners', { skip: skipAsUser }, async (t) => {
  const why = /make a socket there: No such device or address/;
  await probe(t, [cached], [['/run/9p', false, why]], { passthrough: true });
});
