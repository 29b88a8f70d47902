// Compiled policies that are kept: used for the very same file only, and only where nobody else can
// write. That one was used shows in an entry that a test has changed.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { cli, type Ended, environment, program, run } from './helpers.js';

const home = t.testdir();
chmodSync(home, 0o755);
const policyFile = path.join(home, 'policy.yaml');
const target = path.join(home, 'told');
const entries = path.join(home, '.cache/seccomp-spoof');

const policy = (content: string, more = ''): string => `apiVersion: seccomp-spoof/v1
name: kept
${more}files:
  - path: ${target}
    content: ${JSON.stringify(content)}
`;

const told = (
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Promise<Ended> => {
  // With what was kept of the whole start nothing would ask for the policy: again.test.ts.
  if (existsSync(entries))
    for (const name of readdirSync(entries))
      if (name.endsWith('.start')) rmSync(path.join(entries, name));
  return cli(['exec', ...options, '--policy', policyFile, 'cat', target], {
    env: { ...environment, HOME: home, ...env },
  });
};

const kept = (directory = entries): string[] => {
  try {
    return readdirSync(directory).filter((name) => !name.endsWith('.start'));
  } catch {
    return [];
  }
};

const entryOf = (): string => path.join(entries, kept()[0] ?? '');

/** As an entry says that it is whole: FNV-1a of all behind its text. */
function sumOf(bytes: Buffer): string {
  let value = 2166136261;
  for (const byte of bytes) value = Math.imul(value ^ byte, 16777619) >>> 0;
  return value.toString(16).padStart(8, '0');
}

/** The entry's own words, so that it shows who has used it. */
function forge(from: string, to: string): void {
  const bytes = readFileSync(entryOf(), 'latin1');
  const at = bytes.lastIndexOf(from);
  const forged = bytes.slice(0, at) + to + bytes.slice(at + from.length);
  const [head = ''] = forged.split('\n', 1);
  const rest = Buffer.from(forged.slice(head.length + 1), 'latin1');
  const { lengths } = JSON.parse(head) as { readonly lengths: readonly [number] };
  const sum = sumOf(rest.subarray(lengths[0]));
  const whole = head.replace(/"sum":"\w+"/, `"sum":"${sum}"`);
  writeFileSync(entryOf(), Buffer.concat([Buffer.from(`${whole}\n`), rest]));
}

t.beforeEach(() => {
  rmSync(path.join(home, '.cache'), { recursive: true, force: true });
  writeFileSync(policyFile, policy('one'));
});

await t.test('is used the second time', async (t) => {
  t.match(await told(), { status: 0, stdout: 'one' });
  t.equal(kept().length, 1);
  forge('one', 'two');
  t.match(await told(), { status: 0, stdout: 'two' });
});

await t.test('is made of a policy that extends one of this package', async (t) => {
  writeFileSync(policyFile, policy('one', 'extends: [9p-as-ext4]\n'));
  t.match(await told(), { status: 0, stdout: 'one' });
  t.equal(kept().length, 1);
  forge('one', 'two');
  t.match(await told(), { status: 0, stdout: 'two' });
});

await t.test('is not used for another text', async (t) => {
  await told();
  writeFileSync(policyFile, policy('six'));
  t.match(await told(), { status: 0, stdout: 'six' });
  t.equal(kept().length, 2);
});

await t.test('that is damaged is made again', async (t) => {
  await told();
  const [name = ''] = kept();
  writeFileSync(path.join(entries, name), 'nonsense\n');
  t.match(await told(), { status: 0, stdout: 'one' });
  forge('one', 'two');
  t.match(await told(), { status: 0, stdout: 'two' });
});

await t.test('of which a bit has flipped is made again', async (t) => {
  await told();
  const good = readFileSync(entryOf());
  for (let part = 1; part < 16; part++) {
    const bad = Buffer.from(good);
    const at = Math.floor((good.length * part) / 16);
    bad[at] = (bad[at] ?? 0) ^ 4;
    writeFileSync(entryOf(), bad);
    t.match(await told(), { status: 0, stdout: 'one', stderr: '' }, `byte ${String(at)}`);
  }
});

await t.test('where no directory can be made is not made, at once', async (t) => {
  t.match(await told({ HOME: '/proc' }), { status: 0, stdout: 'one', stderr: '' });
  t.match(await told({ XDG_CACHE_HOME: '/proc/self' }), { status: 0, stdout: 'one', stderr: '' });
});

await t.test('where others can write is not used, nor made', async (t) => {
  await told();
  forge('one', 'two');
  chmodSync(entries, 0o777);
  t.match(await told(), { status: 0, stdout: 'one' });
  rmSync(entries, { recursive: true });
  const elsewhere = path.join(home, 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, entries);
  t.match(await told(), { status: 0, stdout: 'one' });
  t.same(kept(elsewhere), [], 'not through a link');
});

await t.test('below a directory that others can write to is not used, nor made', async (t) => {
  const cache = path.join(home, '.cache');
  await told();
  forge('one', 'two');
  t.match(await told(), { stdout: 'two' });
  chmodSync(cache, 0o777);
  t.match(await told(), { status: 0, stdout: 'one' }, 'somebody may have put it there');
  t.equal(kept().length, 1);
  chmodSync(cache, 0o1777);
  t.match(await told(), { stdout: 'two' }, 'but not where it would have to be his own');
  // A link is followed where nobody else could have made it.
  const moved = path.join(home, 'moved');
  renameSync(cache, moved);
  symlinkSync('moved', cache);
  t.match(await told(), { stdout: 'two' });
  chmodSync(moved, 0o777);
  t.match(await told(), { stdout: 'one' });
  rmSync(moved, { recursive: true });
});

await t.test('is no link, no pipe, and written by nobody else', async (t) => {
  await told();
  forge('one', 'two');
  const entry = entryOf();
  chmodSync(entry, 0o666);
  t.match(await told(), { stdout: 'one' });
  chmodSync(entry, 0o600);
  const elsewhere = path.join(home, 'entry');
  await told();
  forge('one', 'two');
  renameSync(entry, elsewhere);
  symlinkSync(elsewhere, entry);
  t.match(await told(), { stdout: 'one' });
  t.ok(lstatSync(entry).isFile(), 'the link makes room for an entry');
  rmSync(entry);
  execFileSync('mkfifo', [entry]);
  t.match(await told(), { stdout: 'one' });
});

await t.test('a text that comes through a pipe is read once, and not kept', async (t) => {
  execFileSync('mkfifo', [path.join(home, 'pipe')]);
  const line = 'cat "$1" > "$2" & exec "$0" exec -p "$2" cat "$3"';
  const ended = await run('/bin/sh', ['-c', line, program, policyFile, `${home}/pipe`, target], {
    env: { HOME: home },
  });
  t.match(ended, { status: 0, stdout: 'one', stderr: '' });
  const substituted = await run(
    '/bin/bash',
    ['-c', 'exec "$0" exec -p <(cat "$1") cat "$2"', program, policyFile, target],
    { env: { HOME: home } },
  );
  t.match(substituted, { status: 0, stdout: 'one', stderr: '' });
  t.same(kept(), []);
});

const asRoot = process.geteuid?.() === 0 ? false : 'only root can give a directory away';
await t.test('in the home of another user is not made', { skip: asRoot }, async (t) => {
  chownSync(home, 65534, 65534);
  t.match(await told({}, ['--insecure-policy']), { status: 0, stdout: 'one' });
  t.same(kept(), []);
  chownSync(home, 0, 0);
});

await t.test(
  'behind a link that another user could turn is not used',
  { skip: asRoot },
  async (t) => {
    const theirs = path.join(home, 'theirs');
    mkdirSync(theirs);
    symlinkSync('..', path.join(theirs, 'link'));
    await told();
    forge('one', 'two');
    const through = { HOME: path.join(theirs, 'link') };
    t.match(await told(through), { stdout: 'two' }, 'it leads to our own home');
    chownSync(theirs, 65534, 65534);
    t.match(await told(through), { status: 0, stdout: 'one' });
    t.match(await told(), { stdout: 'two' }, 'nor written');
    rmSync(theirs, { recursive: true });
  },
);

await t.test('is not made where it is switched off, or of what names other files', async (t) => {
  await told({ SECCOMP_SPOOF_CACHE: 'off' });
  t.same(kept(), []);
  const other = path.join(home, 'other.yaml');
  const lower = (content: string): string =>
    policy(content).replace('name: kept', 'name: other').replace(target, `${target}-too`);
  writeFileSync(other, lower('one'));
  writeFileSync(policyFile, policy('one', 'extends: [./other.yaml]\n'));
  t.match(await told(), { status: 0, stdout: 'one' });
  t.same(kept(), []);
  writeFileSync(path.join(home, 'content'), 'one');
  writeFileSync(policyFile, policy('one').replace(/content: .*/, 'contentFile: content'));
  t.match(await told(), { status: 0, stdout: 'one' });
  t.same(kept(), []);
  writeFileSync(path.join(home, 'content'), 'six');
  t.match(await told(), { status: 0, stdout: 'six' });
});

await t.test('cannot be made: nothing is said', async (t) => {
  writeFileSync(path.join(home, '.cache'), '');
  t.match(await told(), { status: 0, stdout: 'one', stderr: '' });
  const cache = path.join(home, 'cache');
  mkdirSync(cache);
  t.match(await told({ XDG_CACHE_HOME: cache }), { status: 0, stdout: 'one' });
  t.equal(kept(path.join(cache, 'seccomp-spoof')).length, 1, 'XDG_CACHE_HOME comes first');
});
