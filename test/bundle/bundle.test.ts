// Bundles: what `exec` is, without Node. Each claim is that of `exec` with the same policy.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { cli, run } from '../cli/helpers.js';
import { passesSignalsOn } from '../cli/signals.js';
import { compileIn } from '../support/compile.js';
import { readLog } from '../support/subject.js';
import { heldBy, make, markIn, MECHANISMS, showType, tmpfsAsExt4 } from './helpers.js';

const bundle = await make('of-tmpfs', ...tmpfsAsExt4);
const isRoot = process.getuid?.() === 0;

void t.test('by every mechanism, chosen when it is made or when it is run', async (t) => {
  for (const name of MECHANISMS) {
    const own = await make(`by-${name}`, ...tmpfsAsExt4, '-m', name);
    for (const words of [
      [bundle, '-v', '-m', name],
      [own, '-v'],
    ]) {
      const ended = await run(words[0] ?? '', [...words.slice(1), '--', ...showType]);
      t.match(ended, { status: 0, stdout: 'ext2/ext3\n' });
      t.match(
        ended.stderr,
        new RegExp(
          `^seccomp-spoof: policy --fstype tmpfs=ext4: 2 rules\nseccomp-spoof: mechanism ${name}: .*\n$`,
        ),
      );
    }
  }
});

void t.test('statuses, and what is said, are those of exec', async (t) => {
  const directory = t.testdir({ 'no-program': 'text' });
  for (const words of [
    ['true'],
    ['--', 'sh', '-c', 'exit 42'],
    ['sh', '-c', 'kill -TERM $$'],
    ['/'],
    ['no-such-command'],
    [path.join(directory, 'no-program')],
    ['-q', 'sh', '-c', 'printf "<%s>" "$@"', 'sh', '', 'a  b', '-v', '--', '*'],
    ['-m', 'no-such', 'true'],
    ['--log-level', 'info', 'true'],
    ['-o', './log', '--log-level', 'no-such', 'true'],
    ['--inline', 'some', 'true'],
    ['--inline=', 'true'],
    ['-v', '--inline', 'always', 'true'],
    ['-v', '-q', 'true'],
    ['--log-file=', 'true'],
    ['--quiet=yes', 'true'],
    ['--log-file'],
    ['-o'],
  ]) {
    const native = await cli(['exec', ...tmpfsAsExt4, ...words], { cwd: directory });
    t.same(await run(bundle, words, { cwd: directory }), native, words.join(' '));
  }
});

void t.test('what a bundle cannot do is said', async (t) => {
  for (const [words, said] of [
    [[], /: a command is missing; write it behind the options\n$/],
    [['--'], /: a command is missing/],
    [['--policy', 'k3s', 'true'], /: a bundle has no option --policy, and its policy is fixed/],
    [['--fstype=a=b', 'true'], /: a bundle has no option --fstype, /],
    [['-p', 'k3s', 'true'], /: a bundle has no option -p, /],
    [
      ['-o', '/no/such/directory/log', 'true'],
      /cannot open the log file \/no\/such\/directory\/log: .*; choose/,
    ],
  ] as const)
    t.match(await run(bundle, words), { status: 125, stdout: '', stderr: said });
});

void t.test('--show prints what policy show prints', async (t) => {
  const directory = t.testdir({
    'mine.yaml': [
      'apiVersion: seccomp-spoof/v1',
      'name: mine',
      'extends: [9p-as-ext4]',
      'files:',
      '  - path: /proc/sys/kernel/no-such',
      '    content: "100%s\\n"',
      '    when: missing',
      '  - path: /etc/no-such-file',
      '    contentFile: ./bytes',
      '',
    ].join('\n'),
    bytes: Buffer.from([0, 255, 10]),
  });
  for (const [policies, others] of [
    [[], []],
    [[], tmpfsAsExt4],
    [['k3s-gvisor'], ['--set', 'data_dir=/srv/k3s']],
    [['./mine.yaml', 'k3s'], []],
  ] as const) {
    const file = path.join(directory, 'made');
    const options = policies.flatMap((name) => ['-p', name]);
    t.match(await cli(['bundle', ...options, ...others, '-o', './made'], { cwd: directory }), {
      status: 0,
      stdout: '',
      stderr: '',
    });
    const shown = await cli(['policy', 'show', ...others, ...policies], { cwd: directory });
    t.match(shown, { status: 0, stdout: /^# merged from / });
    t.same(await run(file, ['--show']), shown, [...policies, ...others].join(' '));
  }
});

void t.test('--doctor says what doctor says of the machine', async (t) => {
  const own = await run(bundle, ['--doctor']);
  t.match(own, { status: 0, stderr: '', stdout: /\nthis bundle works here\.\n$/ });
  const other = (await cli(['doctor'])).stdout;
  const features = /^features\n(?: .*\n)+\nmechanism: .*\n/m;
  t.equal(features.exec(own.stdout)?.[0], features.exec(other)?.[0]);
  for (const row of ['kernel', 'privileges', 'Yama']) {
    const line = new RegExp(`^  ${row} .*$`, 'm');
    t.equal(
      line.exec(own.stdout)?.[0].replace(/ +/g, ' '),
      line.exec(other)?.[0].replace(/ +/g, ' '),
    );
  }
  const help = await run(bundle, ['--help']);
  t.match(help, { status: 0, stderr: '' });
  t.ok(help.stdout.startsWith(`${bundle} [OPTION]... [--] COMMAND`));
  t.match(await run(bundle, ['-V']), { status: 0, stdout: /^seccomp-spoof \d+\.\d+\.\d+, linux-/ });
});

void t.test('an answer that cannot be written is an error', async (t) => {
  const line = `"$0" --show >/dev/full; echo $?; "$0" --help >&-; echo $?`;
  const ended = await run('sh', ['-c', line, bundle]);
  t.equal(ended.stdout, '125\n125\n');
  t.match(ended.stderr, /cannot write to standard output: .*; let it lead/);
});

void t.test('--stats says what exec --stats says, and ends as the command did', async (t) => {
  // Numbers depend on what the shell looks for.
  const shape = (text: string): string => text.replace(/ +\d+$/gm, ' N');
  for (const [body, status, signal] of [
    ['stat -f -c %T /dev/shm; exit 3', 3, null],
    ['kill -PIPE $$', null, 'SIGPIPE'],
    ['exit 125', 125, null],
  ] as const) {
    const words = ['--stats', 'sh', '-c', body];
    const own = await run(bundle, words);
    const other = await cli(['exec', ...tmpfsAsExt4, ...words]);
    t.match(own, { status, signal, stdout: other.stdout });
    t.equal(shape(own.stderr), shape(other.stderr));
    t.match(own.stderr, /^ {2}worker starts +1$/m);
  }
  t.match(
    (await run(bundle, ['--stats', ...showType])).stderr,
    /^ {2}rule --fstype tmpfs=ext4 +1$/m,
  );
  // It was never started.
  t.same(
    await run(bundle, ['--stats', '-m', 'no-such', 'true']),
    await cli(['exec', ...tmpfsAsExt4, '--stats', '-m', 'no-such', 'true']),
  );
});

void t.test('--inline', async (t) => {
  const ask = compileIn('inline', 'ask', ['ask.c']);
  const { status, stderr } = await run(bundle, [
    ...['-m', 'trace', '--inline', 'always', '--stats'],
    ...[ask, 'strict', '/dev/shm'],
  ]);
  t.equal(status, 0, stderr);
  t.match(stderr, /^ {2}inline: programs .* 1$/m);
  t.match(stderr, /^ {2}inline: places in them +\d+$/m);
});

void t.test('--stats passes signals on', (t) => passesSignalsOn(t, [bundle, '--stats']));

void t.test('the log begins as that of exec', async (t) => {
  const directory = t.testdir({});
  const [own, other] = ['own', 'other'].map((name) => path.join(directory, name)) as [
    string,
    string,
  ];
  await run(bundle, ['-o', './own', 'sh', '-c', ':'], { cwd: directory });
  await cli(['exec', ...tmpfsAsExt4, '-o', './other', 'sh', '-c', ':'], { cwd: directory });
  const first = (file: string): object => ({ ...readLog(file)[0], time: 0, pid: 0 });
  t.same(first(own), first(other));
  t.same(Object.keys(readLog(own)[0] ?? {}), Object.keys(readLog(other)[0] ?? {}));
  t.match(readLog(own)[1], { msg: 'guardian started' });
  await run(bundle, ['-o', own, '--log-level', 'trace', ...showType]);
  t.ok(readLog(own).some(({ msg }) => msg === 'first hit' || msg === 'policy'));
});

void t.test(
  'closed streams stay closed, and a directory that is gone stays the directory',
  async (t) => {
    const list = 'for fd in 0 1 2; do [ -e /proc/self/fd/$fd ] && echo $fd; done >"$1"; exit 0';
    const directory = t.testdir({});
    for (const [closed, open] of [
      ['<&-', ['1', '2']],
      ['>&-', ['0', '2']],
      ['<&- 2>&-', ['1']],
      ['2>&-', ['0', '1']],
    ] as const) {
      const out = path.join(directory, 'fds');
      // The list itself is written to a stream.
      const line = `"$0" -v -o "$2" sh -c '${list.replaceAll("'", `'\\''`)}' sh "$1" ${closed}`;
      const log = path.join(directory, 'log');
      t.match(await run('bash', ['-c', line, bundle, out, log]), { status: 0, stdout: '' });
      const found = readFileSync(out, 'utf8')
        .split('\n')
        .filter((fd) => fd !== '');
      t.same(found, [...new Set([...open, '1'])].sort(), closed);
      t.notMatch(readFileSync(log, 'utf8'), /mechanism notify:/, 'nothing was said into the log');
    }
    const gone = 'mkdir gone; cd gone; rmdir ../gone; "$0" readlink /proc/self/cwd';
    const ended = await run('sh', ['-c', gone, bundle], { cwd: directory });
    t.match(ended, { status: 0, stdout: `${directory}/gone (deleted)\n` });
  },
);

void t.test('limits may be as low as one likes, and stay so', async (t) => {
  const line = 'ulimit -S -n 4 -f 0; "$0" sh -c "ulimit -S -n; ulimit -S -f"';
  const ended = await run('bash', ['-c', line, bundle]);
  t.same([ended.status, ended.stdout, ended.stderr], [0, '4\n0\n', '']);
});

void t.test('the same bytes twice, whatever the file is called', async (t) => {
  const [again, other] = [await make('again', ...tmpfsAsExt4), await make('default')];
  t.ok(readFileSync(again).equals(readFileSync(bundle)));
  t.notOk(readFileSync(other).equals(readFileSync(bundle)));
  const { size, mode } = statSync(bundle);
  t.ok(size < 4 << 20, `${size} bytes`);
  t.equal(mode & 0o7777, 0o755);
});

void t.test('a damaged bundle says so', async (t) => {
  const directory = t.testdir({});
  const bytes = readFileSync(bundle);
  const { at, offset } = markIn(bytes);
  const flipped = (place: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(place) ^ 1, place);
    return copy;
  };
  const faults: Readonly<Record<string, Buffer>> = {
    'a byte is missing': bytes.subarray(0, -1),
    'all that was added is missing': bytes.subarray(0, offset),
    'a bit of the policy': flipped(offset + 100),
    'the last bit': flipped(bytes.length - 2),
    'a bit of the digest': flipped(at + 56),
    'a bit of the length': flipped(at + 41),
    'a length beyond all bounds': flipped(at + 47),
  };
  for (const [name, damaged] of Object.entries(faults)) {
    const file = path.join(directory, name.replaceAll(' ', '-'));
    writeFileSync(file, damaged, { mode: 0o755 });
    for (const words of [['true'], ['--show'], ['--help'], ['--doctor']])
      t.match(
        await run(file, words),
        {
          status: 125,
          stdout: '',
          stderr: /^seccomp-spoof: this bundle is damaged: .*; copy it again, or/,
        },
        `${name}, ${words.join()}`,
      );
  }
});

void t.test(
  'without Node, and from scratch',
  { skip: isRoot ? false : 'chroot needs root' },
  async (t) => {
    const place = t.testdir({ dev: {}, proc: {} });
    copyFileSync(bundle, path.join(place, 'spoof'));
    const say = path.join(place, 'say');
    const source = [
      '#include <stdio.h>',
      '#include <sys/vfs.h>',
      'int main(void) { struct statfs f; return statfs("/dev", &f) != 0 || printf("%lx\\n", (long)f.f_type) < 0; }',
    ].join('\n');
    execFileSync('cc', ['-static', '-x', 'c', '-o', say, '-'], { input: source });
    const inside = async (mounts: string, ...words: readonly string[]) => {
      const line = `mount -t tmpfs tmpfs "$0/dev" && ${mounts}; shift 0; exec chroot "$0" "$@"`;
      return run('unshare', ['--mount', 'sh', '-c', line, place, ...words]);
    };
    const proc = 'mount -t proc proc "$0/proc"';
    t.same(await inside(proc, '/spoof', '--', '/say'), {
      ...{ status: 0, signal: null, stdout: 'ef53\n', stderr: '' },
    });
    t.match(await inside(':', '/spoof', '/say'), {
      status: 125,
      stdout: '',
      stderr:
        /^seccomp-spoof: no procfs is mounted on \/proc, .*: mount one \(mount -t proc proc \/proc\)\n$/,
    });
    t.match(await inside(':', '/spoof', '--show'), { status: 0, stdout: /^# merged from / });
    t.match(await inside(':', '/spoof', '--doctor'), {
      status: 1,
      stdout:
        /^problems\n {2}proc: no procfs is mounted on [^]*\nthis bundle does not work here\.\nnext\n/m,
    });
  },
);

void t.test('another user', { skip: isRoot ? false : 'needs root' }, async (t) => {
  const as = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const place = t.testdir({});
  const file = path.join(place, 'spoof');
  copyFileSync(bundle, file);
  chmodSync(file, 0o711);
  t.match(await run('setpriv', [...as, file, 'true']), {
    status: 125,
    stderr:
      /: cannot read this bundle's own file; whoever runs it must be allowed to \(chmod a\+r\)/,
  });
});

void t.test(
  'nothing is written over what is no ordinary file, and nothing by halves',
  async (t) => {
    const directory = t.testdir({
      old: 'what was there',
      directory: {},
      'wrong.yaml': 'apiVersion: seccomp-spoof/v1\nname: wrong\nstatfs: 1\n',
    });
    symlinkSync('old', path.join(directory, 'link'));
    execFileSync('mkfifo', [path.join(directory, 'fifo')]);
    const before = readdirSync(directory);
    for (const [words, said] of [
      [[], /: bundle needs a file to write; write -o FILE\n$/],
      [['-o', '-'], /: bundle writes a program, not to standard output; /],
      [['-o', './link'], /: cannot write \.\/link: it is there already, and no ordinary file; /],
      [['-o', './fifo'], /: cannot write \.\/fifo: it is there already/],
      [['-o', './directory'], /: cannot write \.\/directory: it is there already/],
      [['-o', './no/such'], /: cannot write \.\/no\/such: ENOENT/],
      [
        ['-o', './old', 'true'],
        /: bundle has no use for "true"; a command is given to what it makes\n$/,
      ],
      [['-o', './old', '--arch', 'arm65'], /: --arch "arm65" is not known; did you mean arm64\?/],
      [
        ['-o', './old', '-m', 'natify'],
        /: --mechanism "natify" is not known; did you mean notify\?/,
      ],
      [['-o', './old', '-p', './wrong.yaml'], /wrong\.yaml:3:/],
      [['-o', './old', '-p', 'no-such'], /no-such/],
      [['-o', './old', '--fstype', 'tmpfs'], /: --fstype tmpfs: /],
      [
        ['-o', './old', '--set', 'data_dir=/x'],
        /: --set data_dir: the policy has no such parameter/,
      ],
      [['-o', ''], /: option --output has an empty value/],
    ] as const)
      t.match(await cli(['bundle', ...words], { cwd: directory }), {
        status: 2,
        stdout: '',
        stderr: said,
      });
    t.same(readdirSync(directory), before);
    t.equal(readFileSync(path.join(directory, 'old'), 'utf8'), 'what was there');
    t.equal(readlinkSync(path.join(directory, 'link')), 'old');
    chmodSync(path.join(directory, 'old'), 0o400);
    t.match(await cli(['bundle', '-o', './old'], { cwd: directory }), { status: 0, stderr: '' });
    t.match(await run(path.join(directory, 'old'), ['true']), { status: 0 });
    t.same(readdirSync(directory), before);
  },
);

void t.test('a policy that changes nothing is warned of, one for elsewhere is not', async (t) => {
  const head = 'apiVersion: seccomp-spoof/v1\nname: x\n';
  const rule = 'statfs:\n  - when: { type: nfs, path: @/link/** }\n    answer: { type: ext4 }\n';
  const directory = t.testdir({ 'empty.yaml': head });
  mkdirSync(path.join(directory, 'real'));
  symlinkSync('real', path.join(directory, 'link'));
  writeFileSync(path.join(directory, 'linked.yaml'), head + rule.replace('@', directory));
  const made = async (name: string) =>
    cli(['bundle', '-p', `./${name}`, '-o', './made'], { cwd: directory });
  t.match(await made('empty.yaml'), { status: 0, stderr: /^seccomp-spoof: warning: .*no rules/ });
  t.match(await run(path.join(directory, 'made'), ['sh', '-c', 'exit 4']), { status: 4 });
  t.match(await made('linked.yaml'), { status: 0, stderr: '' });
});

void t.test('for another machine: the same policy behind its own program', async (t) => {
  const [file, name] = ['csrc/build-aarch64', 'for-arm64'];
  const { status, stderr } = await cli(['bundle', '--arch', 'arm64', '-o', `/no/such/${name}`]);
  t.equal(status, 2);
  if (stderr.includes('is no supervisor of this version')) {
    // Refused here, instead of making a program that says it is damaged.
    t.comment(`not applicable: ${file} is older than this checkout: make -C csrc cross`);
    return;
  }
  if (stderr.includes('is missing')) {
    t.match(
      stderr,
      /linux-arm64.* is missing: .*"make -C csrc cross" \(it needs aarch64-linux-gnu-gcc\)/,
    );
    t.comment(`not applicable: ${file} was not built`);
    return;
  }
  const other = await make(name, '--arch', 'arm64', ...tmpfsAsExt4);
  t.equal(readFileSync(other).readUInt16LE(18), 183, 'an ELF file for aarch64');
  const held = heldBy(other).toString('latin1').replaceAll('linux-arm64', 'linux-x64');
  t.equal(held, heldBy(bundle).toString('latin1'), 'the same policy');
});
