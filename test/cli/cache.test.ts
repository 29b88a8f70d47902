// Compiled policies that are kept: used for the very same file only, and only where nobody else can
// write. That one was used shows in an entry that a test has changed.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { cli, type Ended, environment } from './helpers.js';

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

const told = (env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  cli(['exec', '--policy', policyFile, 'cat', target], {
    env: { ...environment, HOME: home, ...env },
  });

const kept = (directory = entries): string[] => {
  try {
    return readdirSync(directory);
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

const asRoot = process.geteuid?.() === 0 ? false : 'only root can give a directory away';
await t.test('in the home of another user is not made', { skip: asRoot }, async (t) => {
  chownSync(home, 65534, 65534);
  t.match(await told(), { status: 0, stdout: 'one' });
  t.same(kept(), []);
  chownSync(home, 0, 0);
});

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
