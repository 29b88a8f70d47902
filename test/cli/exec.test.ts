// `exec` from the shell's side: bytes, statuses, what is said where, the log, and the front.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { cli, environment, program, root, run, script } from './helpers.js';

/** The type that the kernel reports of the root, and one that it is not. */
const real = execFileSync('stat', ['-f', '-c', '%t', '/'], { encoding: 'utf8' }).trim();
const told = real === '58465342' ? '9123683e' : '58465342';
const fstype = `0x${real}=0x${told}`;
const showType = ['stat', '-f', '-c', '%t', '/'];

void t.test('the command is told what the options say', async (t) => {
  t.same(await cli(['exec', '--fstype', fstype, ...showType]), {
    status: 0,
    signal: null,
    stdout: `${told}\n`,
    stderr: '',
  });
  const policy = path.join(
    t.testdir({
      'mine.yaml': [
        'apiVersion: seccomp-spoof/v1',
        'name: mine',
        'statfs:',
        `  - when: { type: 0x${real} }`,
        `    answer: { type: 0x${told} }`,
        '',
      ].join('\n'),
    }),
    'mine.yaml',
  );
  t.match(await cli(['exec', '-p', policy, '--', ...showType]), {
    stdout: `${told}\n`,
    stderr: '',
  });
  const relative = await cli(['exec', '-p', './mine.yaml', ...showType], {
    cwd: path.dirname(policy),
  });
  t.match(relative, { stdout: `${told}\n`, stderr: '' });
});

void t.test('everything behind the options belongs to the command', async (t) => {
  const show = 'for word; do printf "<%s>" "$word"; done';
  const words = ['-v', '--policy', '', 'a  b', '*', '1e3', '--no-x', '--', '$HOME', '\n', "'"];
  for (const options of [[], ['--'], ['-q', '--'], ['--fstype', fstype]]) {
    const ended = await cli(['exec', ...options, 'sh', '-c', show, 'sh', ...words]);
    t.equal(ended.stdout, words.map((word) => `<${word}>`).join(''), options.join(' '));
    t.equal(ended.stderr, '');
  }
  t.match(await cli(['exec', '-v', 'true']), {
    status: 0,
    stderr: /^seccomp-spoof: policy 9p-as-ext4: 2 rules\nseccomp-spoof: mechanism notify: /,
  });
});

void t.test(
  'a program that is known gets its own policy, unless somebody says otherwise',
  async (t) => {
    const k3s = path.join(t.testdir({}), 'k3s');
    symlinkSync('/bin/echo', k3s);
    const chosen = /^seccomp-spoof: chosen for k3s, a Linux kernel: .*\(--no-auto-policy/m;
    for (const [options, policy, by] of [
      [[], 'k3s', chosen],
      [['--no-auto-policy'], '9p-as-ext4', undefined],
      [['-p', 'k3s-gvisor'], 'k3s-gvisor', undefined],
      [['--fstype', fstype], `--fstype ${fstype}`, undefined],
    ] as const) {
      const ended = await cli(['exec', '-v', ...options, k3s, 'server']);
      t.match(ended, { status: 0, stdout: 'server\n' }, 'nothing is added to the command');
      t.ok(ended.stderr.startsWith(`seccomp-spoof: policy ${policy}: `), ended.stderr);
      if (by === undefined) t.notMatch(ended.stderr, /chosen for/);
      else t.match(ended.stderr, by);
    }
    t.equal(
      (await cli(['exec', k3s, 'server'])).stderr,
      '',
      'and nothing is said unless asked for',
    );
  },
);

void t.test('who traces programs is warned that it cannot below trace and ptrace', async (t) => {
  // Not a debugger, but called like one: what it is told by the kernel is that it cannot trace.
  const gdb = path.join(t.testdir({}), 'gdb');
  copyFileSync('/bin/true', gdb);
  chmodSync(gdb, 0o755);
  for (const mechanism of ['trace', 'ptrace']) {
    const ended = await cli(['exec', '-m', mechanism, gdb]);
    t.equal(ended.status, 0);
    t.match(ended.stderr, /^seccomp-spoof: gdb will not be permitted to trace anything: .*\n$/);
    t.same(await cli(['exec', '-q', '-m', mechanism, gdb]), { ...ended, stderr: '' });
  }
  for (const words of [
    ['-m', 'notify', gdb],
    ['-m', 'trace', 'true'],
  ])
    t.equal((await cli(['exec', ...words])).stderr, '', words.join(' '));
});

void t.test('bytes that are no UTF-8 arrive, and so does an odd environment', async (t) => {
  const line = '"$0" exec $1 printf %s "$(printf "\\377\\200\\303")" | od -An -tx1';
  for (const options of ['', '--stats --stats-format json --']) {
    const ended = await run('/bin/sh', ['-c', line, program, options]);
    t.equal(ended.stdout.trim(), 'ff 80 c3', options);
  }
  const odd = { 'no-identifier': 'a b', 'x.y': '*', SHLVL: '7', _: 'kept', PWD: '/elsewhere' };
  const show = ['env'];
  const before = await run('/usr/bin/env', show, { env: odd });
  t.same(await cli(['exec', ...show], { env: odd }), before);
  t.same(
    await cli(['exec', '--stats', ...show], { env: odd }).then(({ stdout }) => stdout),
    before.stdout,
  );
});

void t.test('statuses are those of env', async (t) => {
  const directory = t.testdir({ plain: 'text' });
  const lines: readonly (readonly [readonly string[], number])[] = [
    [['true'], 0],
    [['false'], 1],
    [['sh', '-c', 'exit 125'], 125],
    [['sh', '-c', 'exit 255'], 255],
    [['no-such-command-here'], 127],
    [[''], 127],
    [[path.join(directory, 'plain')], 126],
  ];
  for (const [command, status] of lines) {
    for (const options of [['--'], ['--stats']]) {
      const ended = await cli(['exec', ...options, ...command]);
      t.equal(ended.status, status, [...options, ...command].join(' '));
      t.equal(ended.stdout, '');
    }
  }
  for (const signal of ['TERM', 'KILL', 'PIPE', 'HUP', 'USR1', 'QUIT'] as const) {
    for (const options of [['--'], ['--stats']]) {
      const ended = await cli(['exec', ...options, 'sh', '-c', `kill -${signal} $$`]);
      t.equal(ended.signal, `SIG${signal}`, [...options, signal].join(' '));
    }
  }
});

void t.test('without the record of the front it works all the same', async (t) => {
  const env = { SECCOMP_SPOOF_NATIVE_DIR: path.join(root, `dist/native/linux-${process.arch}`) };
  const ended = await run(process.execPath, [script, 'exec', '--fstype', fstype, ...showType], {
    env,
  });
  t.match(ended, { status: 0, stdout: `${told}\n`, stderr: '' });
  const bytes = '"$0" "$1" exec printf %s "$(printf "\\377")" | od -An -tx1';
  t.equal((await run('/bin/sh', ['-c', bytes, process.execPath, script])).stdout.trim(), 'ff');
  const stats = await run(process.execPath, [
    script,
    'exec',
    '--stats',
    'sh',
    '-c',
    'ls /proc/$$/fd',
  ]);
  t.match(stats, { status: 0, stdout: '0\n1\n2\n', stderr: /seccomp-spoof statistics/ });
  const empty = await run(process.execPath, [script, 'exec', 'echo', '']);
  t.match(empty, { status: 125, stdout: '', stderr: /empty argument/ });
});

interface Line {
  readonly msg: string;
  readonly [field: string]: unknown;
}

void t.test('the log starts with the policy, and is appended to', async (t) => {
  const directory = t.testdir({});
  const file = path.join(directory, 'log');
  const words = ['exec', '--fstype', fstype, '-o', 'log', ...showType];
  t.match(await cli(words, { cwd: directory }), { status: 0, stdout: `${told}\n`, stderr: '' });
  t.match(await cli(words, { cwd: directory }), { status: 0 });
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const policies = lines.filter(({ msg }) => msg === 'policy');
  t.equal(policies.length, 2);
  t.equal(lines[0]?.msg, 'policy', 'the first line');
  t.match(policies[0], {
    level: 30,
    time: Number,
    pid: Number,
    names: [`--fstype ${fstype}`],
    rules: 2,
    command: showType.length,
  });
  t.notOk(readFileSync(file, 'utf8').includes('stat -f'), 'no words of the command');
});

void t.test('a working directory that is deleted', async (t) => {
  const directory = t.testdir({ gone: {} });
  const gone = path.join(directory, 'gone');
  const command = `cd ${gone} && rmdir ${gone} && exec "$0" exec -o log -p ./no.yaml true`;
  const ended = await run('/bin/sh', ['-c', command, program]);
  t.equal(ended.status, 125);
  t.match(ended.stderr, /seccomp-spoof: [^\n]*no\.yaml/);
});

void t.test('the front finds its files through links', async (t) => {
  const directory = t.testdir({ a: {}, b: {} });
  symlinkSync(program, path.join(directory, 'a/absolute'));
  symlinkSync('../a/absolute', path.join(directory, 'b/relative'));
  symlinkSync('relative', path.join(directory, 'b/twice'));
  for (const name of ['a/absolute', 'b/relative', 'b/twice']) {
    t.match(
      await run(path.join(directory, name), ['exec', 'echo', 'ok']),
      { stdout: 'ok\n' },
      name,
    );
  }
  t.match(await run('./twice', ['exec', 'echo', 'ok'], { cwd: `${directory}/b` }), {
    stdout: 'ok\n',
  });
  const PATH = `${directory}/b:${environment['PATH'] ?? ''}`;
  t.match(await run('/bin/sh', ['-c', 'twice exec echo ok'], { env: { PATH } }), {
    stdout: 'ok\n',
  });
});

void t.test('a package that is not complete says so', async (t) => {
  const copy = path.join(t.testdir({}), 'a package');
  mkdirSync(copy);
  cpSync(path.join(root, 'dist'), path.join(copy, 'dist'), { recursive: true });
  copyFileSync(path.join(root, 'package.json'), path.join(copy, 'package.json'));
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  const bin = path.join(copy, 'dist/seccomp-spoof');
  const here = path.join(copy, `dist/native/linux-${process.arch}`);
  t.match(await run(bin, ['exec', 'echo', 'ok']), { status: 0, stdout: 'ok\n', stderr: '' });

  cpSync(here, path.join(copy, 'dist/native/linux-other'), { recursive: true });
  t.match(await run(bin, ['exec', 'echo', 'ok']), { stdout: 'ok\n' }, 'two architectures');
  rmSync(path.join(copy, 'dist/native/linux-other'), { recursive: true });

  rmSync(path.join(here, 'libseccomp_spoof.so'));
  const library = await run(bin, ['exec', 'echo', 'ok']);
  t.match(library, { status: 125, stdout: '', stderr: /libseccomp_spoof\.so is missing.*; / });

  rmSync(path.join(here, 'seccomp-spoof-supervisor'));
  const supervisor = await run(bin, ['exec', 'echo', 'ok']);
  t.match(supervisor, { status: 125, stdout: '' });
  t.match(supervisor.stderr, /^seccomp-spoof: .*seccomp-spoof-supervisor is missing.*; .*\n$/);
  t.match(await run(bin, ['version']), { status: 1, stdout: /cannot be used/ });
});

void t.test('one file of JavaScript is all that a start reads', async (t) => {
  const hook = path.join(
    t.testdir({
      'hook.cjs': `const { _extensions: kinds } = require('node:module');
        const read = kinds['.js'];
        kinds['.js'] = (module, file) => { process._rawDebug(file); read(module, file); };`,
    }),
    'hook.cjs',
  );
  const { status, stderr } = await run(process.execPath, ['-r', hook, script, 'exec', 'true']);
  t.equal(status, 0);
  t.same(stderr.trim().split('\n'), [script]);
});
