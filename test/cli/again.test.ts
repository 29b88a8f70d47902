// A start that is the same as an earlier one needs no Node: seen by a PATH where there is none. Whatever has
// changed, or might have been written by somebody else, leaves it to Node, which then cannot be found.
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { digest } from '../../src/policy/cache-directory.js';
import { cli, type Ended, environment, program, run, type RunOptions } from './helpers.js';

const home = t.testdir();
chmodSync(home, 0o755);
const entries = path.join(home, '.cache/seccomp-spoof');
const target = path.join(home, 'told');
const policyFile = path.join(home, 'policy.yaml');

const policy = (content: string): string => `apiVersion: seccomp-spoof/v1
name: kept
files:
  - path: ${target}
    content: ${JSON.stringify(content)}
`;

const withNode = { ...environment, HOME: home };
const withoutNode = { ...withNode, PATH: '/nonexistent' };
const command = ['/bin/cat', target];

const start = (words: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  cli(['exec', ...words], { env: withNode, ...options });
const again = (words: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  cli(['exec', ...words], { env: withoutNode, ...options });

const needsNode = { status: 125, stdout: '', stderr: /node is not in PATH/ };

async function isAgain(t: Test, words: readonly string[], expected: string): Promise<void> {
  t.match(await again(words), { status: 0, stdout: expected, stderr: '' }, 'without Node');
}

t.beforeEach(() => {
  rmSync(path.join(home, '.cache'), { recursive: true, force: true });
  writeFileSync(policyFile, policy('one'));
});

await t.test('words of all kinds', async (t) => {
  const type = ['/usr/bin/stat', '-f', '-c', '%T', '/dev/shm'];
  for (const [options, expected] of [
    [[], 'tmpfs\n'],
    [['--'], 'tmpfs\n'],
    [['--fstype', 'tmpfs=xfs'], 'xfs\n'],
    [['-q', '-m', 'ptrace', '--fstype', 'tmpfs=xfs', '--'], 'xfs\n'],
    [['--stay', '--fstype=tmpfs=xfs'], 'xfs\n'],
    [['-p', '9p-as-ext4', '--fstype', 'tmpfs=xfs'], 'xfs\n'],
  ] as const) {
    const words = [...options, ...type];
    t.match(await again(words), needsNode, `${options.join(' ')}: at first Node is needed`);
    t.match(await start(words), { status: 0, stdout: expected });
    await isAgain(t, words, expected);
    t.match(
      await again([...options, '/bin/sh', '-c', 'echo "$0 $*"; exit 3', '-q', 'x']),
      { status: 3, stdout: '-q x\n', stderr: '' },
      'another command',
    );
  }
});

await t.test('a policy in a file', async (t) => {
  const words = ['-p', policyFile, ...command];
  t.match(await start(words), { status: 0, stdout: 'one' });
  await isAgain(t, words, 'one');
  writeFileSync(policyFile, policy('two'));
  t.match(await again(words), needsNode, 'it says something else');
  t.match(await start(words), { status: 0, stdout: 'two' });
  await isAgain(t, words, 'two');
  const { atime, mtime } = statSync(policyFile);
  writeFileSync(policyFile, policy('six'));
  utimesSync(policyFile, atime, mtime);
  t.match(await again(words), needsNode, 'of the same size and time');
  t.match(await start(words), { status: 0, stdout: 'six' });
  writeFileSync(policyFile, `${policy('six')}#`);
  t.match(await again(words), needsNode, 'it has grown');
  writeFileSync(policyFile, policy('six'));
  await isAgain(t, words, 'six');
  chmodSync(home, 0o700);
  t.match(await again(words), needsNode, 'others may write elsewhere');
  chmodSync(home, 0o755);
  await isAgain(t, words, 'six');
  renameSync(policyFile, `${policyFile}.before`);
  copyFileSync(`${policyFile}.before`, policyFile);
  t.match(await again(words), needsNode, 'another file of the same text');
  rmSync(policyFile);
  t.match(await start(words), { status: 125, stderr: /does not exist/ });
});

await t.test('a relative path', async (t) => {
  const words = ['-p', './policy.yaml', ...command];
  mkdirSync(path.join(home, 'below'), { recursive: true });
  writeFileSync(path.join(home, 'below/policy.yaml'), policy('below'));
  t.match(await start(words, { cwd: home }), { status: 0, stdout: 'one' });
  t.match(await again(words, { cwd: home }), { status: 0, stdout: 'one', stderr: '' });
  t.match(await again(words, { cwd: path.join(home, 'below') }), needsNode, 'another directory');
  const above = ['-p', '../policy.yaml', ...command];
  t.match(await start(above, { cwd: path.join(home, 'below') }), { status: 0, stdout: 'one' });
  t.match(await again(above, { cwd: path.join(home, 'below') }), { status: 0, stdout: 'one' });
});

await t.test('what is not kept', async (t) => {
  const linked = path.join(home, 'linked');
  symlinkSync('.', linked);
  const content = path.join(home, 'content.yaml');
  writeFileSync(content, policy('x').replace('content: "x"', 'contentFile: ./policy.yaml'));
  for (const options of [
    ['-v'],
    ['--stats'],
    ['-o', path.join(home, 'log')],
    ['-p', path.join(linked, 'policy.yaml')],
    ['-p', content],
  ]) {
    t.match(await start([...options, '/bin/true']), { status: 0 }, options.join(' '));
    t.match(await again([...options, '/bin/true']), needsNode, options.join(' '));
  }
  await start(['/bin/true']);
  symlinkSync('/bin/true', path.join(home, 'k3s'));
  t.match(await again([path.join(home, 'k3s')]), needsNode, 'a program with a policy of its own');
  t.match(await again(['--version']), needsNode, 'a command that looks like an option');
  t.match(
    await cli(['exec', '/bin/true'], {
      env: { ...withoutNode, SECCOMP_SPOOF_CACHE: 'off' },
    }),
    needsNode,
    'switched off',
  );
  await isAgain(t, ['/bin/true'], '');
});

await t.test('what others could have written, or a disk has damaged', async (t) => {
  const words = ['/bin/true'];
  const only = (): string => path.join(entries, readdirSync(entries)[0] ?? '');
  const cases: Readonly<Record<string, () => void>> = {
    'an entry that others may write to': () => {
      chmodSync(only(), 0o666);
    },
    'a directory that others may write to': () => {
      chmodSync(entries, 0o777);
    },
    'a directory above that others may write to': () => {
      chmodSync(path.join(home, '.cache'), 0o777);
    },
    'a link in the place of a directory': () => {
      renameSync(entries, `${entries}.real`);
      symlinkSync('seccomp-spoof.real', entries);
    },
    'a link in the place of the entry': () => {
      const entry = only();
      renameSync(entry, `${entry}.real`);
      symlinkSync(`${path.basename(entry)}.real`, entry);
    },
  };
  if (process.geteuid?.() === 0)
    Object.assign(cases, {
      'an entry of somebody else': () => {
        chownSync(only(), 65534, 65534);
      },
      'a directory of somebody else': () => {
        chownSync(path.join(home, '.cache'), 65534, 65534);
      },
    });
  for (const [name, change] of Object.entries(cases)) {
    rmSync(path.join(home, '.cache'), { recursive: true, force: true });
    await start(words);
    await isAgain(t, words, '');
    change();
    t.match(await again(words), needsNode, name);
  }
  rmSync(path.join(home, '.cache'), { recursive: true, force: true });
  await start(words);
  const good = readFileSync(only());
  for (let part = 0; part < 24; part++) {
    const bad = Buffer.from(good);
    const at = Math.floor((good.length * part) / 24);
    bad[at] = (bad[at] ?? 0) ^ 4;
    writeFileSync(only(), bad);
    t.match(await again(words), needsNode, `a bit of byte ${at}`);
    writeFileSync(only(), good.subarray(0, at));
    t.match(await again(words), needsNode, `cut at byte ${at}`);
  }
  writeFileSync(only(), good);
  await isAgain(t, words, '');
});

await t.test('an entry that names another program', async (t) => {
  await start(['/bin/true']);
  const place = path.join(entries, readdirSync(entries)[0] ?? '');
  const texts = readFileSync(place, 'latin1').split('\0');
  const at = texts.findIndex((text) => text.endsWith('/seccomp-spoof-supervisor'));
  t.ok(at > 0);
  const script = path.join(home, 'script');
  writeFileSync(script, '#!/bin/sh\necho forged\n', { mode: 0o755 });
  const { dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs } = statSync(script, { bigint: true });
  texts[at] = script;
  const state = [dev, ino, mode.toString(8), uid, gid, size, mtimeNs, ctimeNs].join(':');
  for (const told of [state, texts[at + 1] ?? '']) {
    texts[at + 1] = told;
    const rest = Buffer.from(texts.slice(2).join('\0'), 'latin1');
    const head = `${texts[0] ?? ''}\0${digest(rest)}\0`;
    writeFileSync(place, Buffer.concat([Buffer.from(head), rest]));
    const { stdout } = await again(['/bin/echo', 'own']);
    t.notMatch(stdout, 'forged');
  }
});

const skip = process.getuid?.() === 0 ? false : 'mounts, which needs root';
await t.test('one directory in two places', { skip }, async (t) => {
  const told = (place: string, text: string): void => {
    mkdirSync(path.join(home, place, 'conf'), { recursive: true });
    writeFileSync(path.join(home, place, 'policy.yaml'), policy(text));
  };
  told('here', 'here');
  told('there', 'there');
  const line = [program, 'exec', '-p', '../policy.yaml', ...command].join(' ');
  const script = `
    mount --bind here/conf there/conf
    (cd here/conf; ${line}; ${line}); (cd there/conf; ${line})`;
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', script];
  const ended = await run('unshare', words, { cwd: home, env: withNode });
  t.match(ended, { stdout: 'hereherethere', stderr: '' });
});

await t.test('what a killed start has left', async (t) => {
  mkdirSync(entries, { recursive: true, mode: 0o700 });
  const [old, young] = ['01234567.start.1', '01234567.policy.2'].map((name) =>
    path.join(entries, name),
  );
  for (const draft of [old ?? '', young ?? '']) writeFileSync(draft, '');
  utimesSync(old ?? '', 0, 0);
  await start(['/bin/true']);
  t.same(
    readdirSync(entries).filter((name) => name.startsWith('01234567')),
    ['01234567.policy.2'],
  );
});
