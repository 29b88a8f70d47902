// Real programs that look at the filesystem, each by its own way, and what they say on each.
import path from 'node:path';
import type { Test } from 'tap';
import { quote } from '../support/shell.js';
import { findProgram } from '../lanes/programs.js';
import { root, seccompSpoof } from '../support/paths.js';
import { SILENCE_SECONDS } from '../support/silence.js';

export type Filesystem = 'tmpfs' | 'fuse' | '9p' | 'nfs' | 'ext4';

interface Program {
  readonly name: string;
  /** A line of shell. $PLACE is on the filesystem, $SCRATCH on another; both are empty directories. */
  readonly script: string;
  /** What it prints, on each filesystem on which it was seen. */
  readonly says: Readonly<Record<Filesystem, string>>;
  /** It takes long where every instruction or call is expensive: left out of a short way. */
  readonly long?: true;
  /** What has to be installed for it: a program, and Debian's package. */
  readonly needs?: readonly [string, string];
}

/** For programs that print the name: in tables, and by the number that statfs gives. */
const inTables = { tmpfs: 'tmpfs', fuse: 'fuse', '9p': '9p', nfs: 'nfs', ext4: 'ext4' };
const byNumber = { tmpfs: 'tmpfs', fuse: 'fuseblk', '9p': 'v9fs', nfs: 'nfs', ext4: 'ext2/ext3' };
const both = Object.fromEntries(
  Object.entries(byNumber).map(([type, name]) => [
    type,
    `${name}\n${inTables[type as Filesystem]}`,
  ]),
) as Record<Filesystem, string>;

function everywhere(text: string): Record<Filesystem, string> {
  return { tmpfs: text, fuse: text, '9p': text, nfs: text, ext4: text };
}

const python = `
import os
place = os.environ['PLACE'] + '/'
mounts = [line.split()[1:3] for line in open('/proc/self/mounts')]
above = [mount for mount in mounts if place.startswith(mount[0].rstrip('/') + '/')]
print(max(above, key=lambda mount: len(mount[0]))[1])
`;

const podman = (options = ''): string =>
  `podman --root "$PLACE/root" --runroot "$SCRATCH/run" --tmpdir "$SCRATCH/tmp" \\
  --storage-driver overlay ${options} info --format '{{index .Store.GraphStatus "Backing Filesystem"}}'`;

/** Status 77 of a script: it cannot be done here, and the output says why. */
export const programs: readonly Program[] = [
  { name: 'stat -f', script: 'stat -f -c %T "$PLACE"', says: byNumber },
  { name: 'df', script: 'df --output=fstype "$PLACE" | tail -n +2', says: inTables },
  {
    name: 'findmnt',
    script:
      'findmnt -n -o FSTYPE -T "$PLACE" || { echo "it finds nothing in the table"; exit 77; }',
    needs: ['findmnt', 'util-linux'],
    says: inTables,
  },
  { name: 'find -printf %F', script: 'find "$PLACE" -maxdepth 0 -printf "%F\\n"', says: inTables },
  {
    name: 'find -fstype',
    script: 'find "$PLACE" -maxdepth 0 -fstype ext4 -printf "found\\n"',
    says: { ...everywhere(''), ext4: 'found' },
  },
  {
    name: 'python',
    script: `python3 -c ${quote(python)}`,
    needs: ['python3', 'python3'],
    says: inTables,
  },
  {
    // It takes 9p for a local filesystem.
    name: 'tail -f',
    script: 'sh "$HERE/tail.sh"',
    says: { ...everywhere('inotify'), fuse: 'polling', nfs: 'polling' },
  },
  {
    name: 'fusermount3',
    script: 'sh "$HERE/fusermount.sh"',
    needs: ['fusermount3', 'fuse3'],
    says: {
      ...everywhere('accepted'),
      '9p': 'mounting over filesystem type 0x01021997 is forbidden',
    },
  },
  {
    // Nothing to see: it has to work as ever. fsync(2) does not come back on 9p in qemu.
    name: 'git status',
    script: `cd "$PLACE" && git init -q && git config core.fsync none && echo 1 >file &&
      git add file && git -c user.name=a -c user.email=a@localhost commit -q -m 1 &&
      echo 22 >file && git status --porcelain`,
    long: true,
    needs: ['git', 'git'],
    says: everywhere(' M file'),
  },
  {
    name: 'podman info',
    // It syncs what it writes. Where the kernel refuses an overlay (on FUSE) it takes another program
    // for one, which `info` never starts.
    script: `echo >"$PLACE/file" && timeout -s KILL 120 sync "$PLACE/file" ||
      { echo 'fsync(2) does not come back'; exit 77; }
      ${podman()} 2>/dev/null || ${podman('--storage-opt overlay.mount_program=/bin/true')} || exit 77`,
    long: true,
    needs: ['podman', 'podman'],
    says: { tmpfs: 'tmpfs', fuse: '<unknown>', '9p': '<unknown>', nfs: 'nfs', ext4: 'extfs' },
  },
  {
    name: 'a container of runc',
    script: 'sh "$HERE/container.sh" runc',
    needs: ['runc', 'runc'],
    says: both,
    long: true,
  },
  {
    name: 'a container of crun',
    script: 'sh "$HERE/container.sh" crun',
    needs: ['crun', 'crun'],
    says: both,
    long: true,
  },
];

/** One run of all programs: natively, or below these words of a command line. */
export interface Way {
  readonly name: string;
  readonly to: Filesystem;
  readonly exec: string;
  readonly short?: true;
}

/** By a mechanism, with these options of `exec`, which say that it is ext4 or what `to` says. */
export function by(mechanism: string, options = '', to: Filesystem = 'ext4'): Way {
  const exec = `${quote(seccompSpoof)} exec -m ${mechanism} ${options} --`;
  return { name: `${mechanism}, as ${to}`, to, exec };
}

/** The same without the programs that take long. */
export const short = (way: Way): Way => ({ ...way, short: true });

export interface Place {
  /** A directory on the filesystem that can be written to, and one elsewhere. Words for a shell. */
  readonly directory: string;
  readonly scratch: string;
}

/** Until a program counts as hung, in seconds: sooner than the sandbox around it, which waits for it. */
const patience = SILENCE_SECONDS / 2;

const mark = '@@@';

/** A script that runs all programs in all ways, natively at first: who fails then is asked no more. */
export function script(place: Place, ways: readonly Way[]): string {
  const driver = (chosen: readonly Program[]): string =>
    [
      'n=0; mkdir -p "$PLACES" "$SCRATCHES"',
      'run() {',
      '  n=$((n + 1)); export PLACE="$PLACES/$n" SCRATCH="$SCRATCHES/$n"',
      '  if grep -qxF "$1" "$FAILED"; then return; fi',
      '  mkdir "$PLACE" "$SCRATCH" || exit',
      `  timeout -k 5 ${patience} sh -c "$2" 2>&1`,
      `  status=$?; echo "${mark} $status $1"`,
      // Natively only: who fails below `exec` alone has to show it in each way.
      '  [ -z "$NATIVELY" ] || [ $status = 0 ] || echo "$1" >>"$FAILED"',
      '}',
      ...chosen.map((program) => `run ${quote(program.name)} ${quote(program.script)}`),
    ].join('\n');
  const natively: Pick<Way, 'exec' | 'short'> = { exec: 'NATIVELY=yes' };
  const runs = [natively, ...ways].map(({ exec, short = false }, index) => {
    const chosen = programs.filter(({ long }) => !(short && long));
    const places = `PLACES=${place.directory}/${index} SCRATCHES=${place.scratch}/${index}`;
    return `echo '${mark} way'; ${places} ${exec} sh -c ${quote(driver(chosen))}`;
  });
  return [
    `export HERE=${quote(path.join(root, 'test/programs'))} FAILED=${place.scratch}/failed NATIVELY=`,
    `mkdir -p ${place.scratch}; : >"$FAILED"`,
    ...runs,
  ].join('\n');
}

interface Said {
  readonly text: string;
  readonly status: number;
}

/** What the script printed: for each way, by program. */
function parse(stdout: string): Map<string, Said>[] {
  const ways = stdout.split(`${mark} way\n`).slice(1);
  const one = new RegExp(`([^]*?)${mark} (\\d+) (.*)\n`, 'g');
  return ways.map(
    (text) =>
      new Map(
        [...text.matchAll(one)].map(([, text = '', status, name = '']) => [
          name,
          { text: text.trimEnd(), status: Number(status) },
        ]),
      ),
  );
}

/** Natively each program says what it says on `from`, and below `exec` what it says on `to`. */
export function check(t: Test, from: Filesystem, ways: readonly Way[], stdout: string): void {
  const [native, ...wrapped] = parse(stdout);
  t.equal(wrapped.length, ways.length, 'all has been run', { stdout });
  for (const { name, says, long, needs } of programs) {
    if (needs !== undefined && findProgram(needs[0]) === undefined) {
      t.pass(name, { skip: `no ${needs[0]} (Debian package ${needs[1]})` });
      continue;
    }
    const alone = native?.get(name);
    if (alone?.status === 77) {
      t.comment(`not applicable: ${name} on ${from}: ${alone.text.split('\n').slice(-1).join('')}`);
      continue;
    }
    t.strictSame(alone, { text: says[from], status: 0 }, `${name} on ${from}, natively`);
    // It has not been asked: what it says below `exec` would prove nothing.
    if (alone?.status !== 0) continue;
    for (const [index, { name: way, to, short }] of ways.entries()) {
      if (short && long) continue;
      const said = wrapped[index]?.get(name);
      t.strictSame(said, { text: says[to], status: 0 }, `${name}: ${from} by ${way}`);
    }
  }
}
