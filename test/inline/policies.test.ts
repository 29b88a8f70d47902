// Policies at random, whose rules name files mostly, and paths that are theirs, nearly theirs, or others: programs
// that answer by themselves are told what the others are. SEED=n makes others, POLICIES=n more.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { compileIn } from '../support/compile.js';
import { Random } from '../support/random.js';
import { wrapped } from './programs.js';

const policies = Number(process.env['POLICIES'] ?? 8);
const seed = Number(process.env['SEED'] ?? 33);
const PATHS = 40;

const program = compileIn('inline', 'paths', ['paths.c']);
const parent = mkdtempSync('/dev/shm/seccomp-spoof-');
t.teardown(() => {
  rmSync(parent, { recursive: true, force: true });
});
/** Made anew for each run, and deep enough for paths that lead up. */
const room = path.join(parent, 'room');
const place = path.join(room, 'a/b');
const there = ['', '/d', '/d/e', '/dd'];
const missing = ['/d/mis', '/d/e/no/ne', '/m'];

/** Many of them end alike. */
function name(random: Random): string {
  const letters = random.pick(['ab', 'abc.', 'xyz_-', 'q'].map((all) => all.split('')));
  const length = random.pick([2, 2, 3, 3, 4, 5, 6, 7, 7, 8, 8, 9, 10, 14]);
  const text = Array.from({ length }, () => random.pick(letters)).join('');
  return /^\.+$/.test(text) ? 'dots' : text;
}

interface Named {
  readonly directory: string;
  readonly name: string;
}

/** The names of files that rules are about: about as many as the page of ours has room for, or few. */
function names(random: Random): Named[] {
  const ends = Array.from({ length: 6 }, () => name(random));
  const count = random.pick([1, 2, 3, 5, 8, 20, 46, 48, 50, 52, 60, 200]);
  const all = Array.from({ length: count }, (): Named => {
    const number = count > 40 ? `${random.below(10000)}` : '';
    const text = random.once(2) ? name(random) : name(random) + random.pick(ends);
    return { directory: random.pick([...there, ...missing]), name: number + text };
  });
  const ruled = (one: Named) => `${one.directory}/${one.name}`;
  return [...new Map(all.map((one) => [ruled(one), one])).values()].sort((one, other) =>
    ruled(one).localeCompare(ruled(other)),
  );
}

function policyOf(random: Random, named: readonly Named[]): object {
  const files = named.map(({ directory, name: last }, number) => ({
    path: `${place}${directory}/${last.length > 2 && random.once(8) ? '*' : ''}${last}`,
    ...(random.once(4)
      ? { redirect: '/etc/passwd' }
      : { content: `rule${number}`, ...(random.once(2) ? { writes: 'discard' } : {}) }),
    ...(random.once(3) ? { when: 'missing' } : {}),
  }));
  const types = ['tmpfs', 'proc', '9p', 'nfs', 'fuse'].slice(0, random.below(6));
  const statfs = types.map((type) => ({ when: { type }, answer: { type: 'ext4' } }));
  const mounts = [{ when: { fstype: 'tmpfs' }, answer: { fstype: 'ext4' } }];
  return {
    apiVersion: 'seccomp-spoof/v1',
    name: 'random',
    ...(types.length > 0 ? { statfs } : {}),
    ...(random.once(2) ? { mounts } : {}),
    ...(types.length === 0 || !random.once(6) ? { files } : {}),
  };
}

/** The files that are really there, the same ones from the same numbers. */
function makePlace(random: Random, named: readonly Named[]): void {
  rmSync(room, { recursive: true, force: true });
  for (const directory of there) mkdirSync(place + directory, { recursive: true });
  for (const { directory, name: last } of named)
    if (there.includes(directory) && random.once(2)) {
      const file = `${place}${directory}/${last}`;
      if (!existsSync(file)) writeFileSync(file, 'real');
    }
  for (let count = 0; count < 16; count++) {
    const file = `${place}${random.pick(there)}/${name(random)}`;
    const kind = random.below(4);
    const to = random.pick(named);
    if (readdirSync(path.dirname(file)).includes(path.basename(file))) continue;
    if (kind === 0) mkdirSync(file);
    else if (kind === 1) symlinkSync(`${place}${to.directory}/${to.name}`, file);
    else writeFileSync(file, 'other');
  }
}

function pathOf(random: Random, named: readonly Named[]): Buffer {
  const { directory, name: last } = random.pick(named);
  const at = random.below(last.length);
  const path = random.pick([
    () => `${place}${directory}/${last}`,
    () => `${place}${directory}/${name(random)}${last}`,
    () => `${place}${directory}/${last.slice(at)}`,
    () =>
      `${place}${directory}/${last.slice(0, at)}${random.pick(['a', '.', '/'])}${last.slice(at + 1)}`,
    () => last,
    () => `${directory}/${last}`.slice(1),
    () => place + directory,
    () => directory.slice(1),
    () => name(random),
    () => random.pick(['', '.', '..', 'a', '/proc/mounts', '/proc/self/mountinfo', '/etc/mtab']),
  ])();
  const ends = ['', '', '', '', '', '/', '//', '/.', `/../${last}`];
  const bytes = Buffer.from(path + (path === '' ? '' : random.pick(ends)), 'latin1');
  // Not of those that are nobody's: open with O_CREAT would make a file there.
  if (random.once(8) && bytes.length > 0 && !/^\/(proc|etc)/.test(path))
    bytes[random.below(bytes.length)] = 0x80 + random.below(128);
  return bytes;
}

for (let number = 0; number < policies; number++) {
  const title = `SEED=${seed + number} POLICIES=1`;
  const random = new Random(seed + number);
  const named = names(random);
  const file = path.join(parent, `${number}.yaml`);
  writeFileSync(file, stringify(policyOf(random, named)));
  const paths = Array.from({ length: PATHS }, () => pathOf(random, named));
  const input = path.join(parent, `${number}.paths`);
  writeFileSync(input, paths.map((each) => `${each.toString('hex')}\n`).join(''));
  const mechanism = random.pick(['notify', 'trace']);
  const by = (inline: string) => {
    makePlace(new Random(seed + number), named);
    const script = '"$0" "$1" <"$2"; status=$?; find "$1" -type f -exec cat {} +; exit $status';
    const command = ['sh', '-c', script, program, place, input];
    return wrapped(['-q', '-m', mechanism, '--inline', inline, '-p', file], command, [], []);
  };
  await t.test(`${mechanism}, ${title}`, (t) => {
    const off = by('off');
    const always = by('always');
    t.equal(off.status, 0, off.stderr);
    t.equal(always.status, 0, `${always.signal} ${always.stderr}`);
    t.same(always.stdout.split('\n'), off.stdout.split('\n'), 'the same is told, and written');
    t.ok(always.told.stopped < off.told.stopped, 'some of it inside');
    t.end();
  });
}
