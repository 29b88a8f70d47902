// `explain`: which rule holds for a path, and why the others do not.
import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import type { ExplainReport } from '../../src/commands/explain-report.js';
import { cli, program } from './helpers.js';

const shm = '/dev/shm';
const spoof = ['--fstype', 'tmpfs=ext4'];
/** The type that the kernel reports of the root, and another one. */
const real = `0x${execFileSync('stat', ['-f', '-c', '%t', '/'], { encoding: 'utf8' }).trim()}`;
const told = real === '0x58465342' ? 'btrfs' : 'xfs';

async function explain(
  words: readonly string[],
  cwd?: string,
): Promise<{ status: number | null; report: ExplainReport }> {
  const ended = await cli(['explain', '--json', ...words], cwd === undefined ? {} : { cwd });
  return { status: ended.status, report: JSON.parse(ended.stdout) as ExplainReport };
}

for (const mechanism of ['notify', 'trace', 'ptrace'] as const) {
  const ofInline =
    process.arch !== 'x64'
      ? 'only x86_64 has it'
      : mechanism === 'ptrace'
        ? 'only the mechanisms notify and trace have it'
        : 64;
  void t.test(`a rule that holds, by ${mechanism}`, async (t) => {
    t.match(await explain([...spoof, '-m', mechanism, shm]), {
      status: 0,
      report: {
        holds: true,
        path: shm,
        policy: ['--fstype tmpfs=ext4'],
        program: null,
        statfs: {
          type: '0x01021994',
          name: 'tmpfs',
          rule: '--fstype tmpfs=ext4',
          origin: '--fstype tmpfs=ext4',
          answer: { type: 'ext4' },
          whyNot: [],
          error: null,
        },
        mounts: {
          line: / - tmpfs /,
          told: / - ext4 /,
          fstype: 'tmpfs',
          point: shm,
          rule: '--fstype tmpfs=ext4 (mounts)',
          origin: '--fstype tmpfs=ext4',
          exceptPrograms: ['systemd'],
        },
        open: { table: null, rules: [], lines: 0 },
        mechanism: {
          asked: mechanism,
          name: mechanism,
          why: String,
          inline: ofInline,
        },
      },
    });
  });
}

void t.test('what is stopped is what the rules need', async (t) => {
  const directory = t.testdir({
    'statfs.yaml': [
      'apiVersion: seccomp-spoof/v1',
      'name: statfs',
      'statfs: [{ when: { type: 9p }, answer: { type: ext4 } }]',
    ].join('\n'),
    'none.yaml': 'apiVersion: seccomp-spoof/v1\nname: none\n',
    'pattern.yaml':
      "apiVersion: seccomp-spoof/v1\nname: pattern\nfiles: [{ path: '/no/*', content: '' }]\n",
  });
  const both = await explain([...spoof, '/']);
  t.match(both.report.mechanism.stopped.slice(0, 5), [
    'statfs',
    'fstatfs',
    'open',
    'openat',
    'openat2',
  ]);
  if (process.arch === 'x64' && both.report.mechanism.name === 'notify') {
    const files = await explain(['-p', './pattern.yaml', '-m', 'notify', '/'], directory);
    t.match(
      files.report.mechanism.inline,
      /the last part of a path in its files rules is a pattern that does not end with three letters/,
    );
    const { stdout } = await cli(['explain', ...spoof, '/']);
    t.match(stdout, /^ {2}inline +a program can answer .* after 64 stopped calls .*$/m);
  }
  const statfs = await explain(['-p', './statfs.yaml', '/'], directory);
  t.same(statfs.report.mechanism.stopped, ['statfs', 'fstatfs']);
  const none = await explain(['-p', './none.yaml', '/'], directory);
  t.match(none, { status: 1, report: { mechanism: { name: null, stopped: [] } } });
  const text = await cli(['explain', '-p', './none.yaml', '/'], { cwd: directory });
  t.match(text.stdout, /why not +the policy has no statfs rule$/m);
  t.match(text.stdout, /stopped +nothing$/m);
});

void t.test('why no rule holds', async (t) => {
  const directory = t.testdir({
    'why.yaml': [
      'apiVersion: seccomp-spoof/v1',
      'name: why',
      'statfs:',
      '  - { id: other-type, when: { type: coda }, answer: { type: ext4 } }',
      `  - { id: other-path, when: { path: /no/such/** }, answer: { type: ${told} } }`,
      `  - { id: neither, when: { type: coda, path: /no/** }, answer: { type: ${told} } }`,
      `  - { id: type, when: { path: /usr/** }, except: { type: '${real}' }, answer: { type: coda } }`,
      '  - { id: path, when: { path: /** }, except: { path: [/a/**, /usr/**] }, answer: { type: coda } }',
      'mounts:',
      '  - { id: table, when: { fstype: coda }, answer: { fstype: ext4 } }',
      "  - { id: program, when: { fstype: '*' }, except: { program: [udev*] }, answer: { fstype: xfs } }",
      '',
    ].join('\n'),
  });
  const file = path.join(directory, 'why.yaml');
  const reasons = ({ whyNot }: ExplainReport['statfs'] | ExplainReport['mounts']) =>
    whyNot.map(({ rule, reason }) => `${rule} ${reason}`);
  const { status, report } = await explain(['-p', file, '--program', 'udevadm', '/usr']);
  t.equal(status, 1);
  t.match(report, { holds: false, program: 'udevadm', statfs: { rule: null, answer: {} } });
  const name = report.statfs.name ?? report.statfs.type ?? '';
  t.same(
    new Set(reasons(report.statfs)),
    new Set([
      `why/other-type is for coda, this is ${name}`,
      'why/other-path is for /no/such/**, this is /usr',
      `why/neither is for coda, this is ${name}; and is for /no/**, this is /usr`,
      `why/type excepts ${name}`,
      'why/path excepts /usr',
    ]),
  );
  t.ok(report.statfs.whyNot.every(({ origin }) => /why\.yaml:\d+$/.test(origin)));
  const fstype = report.mounts.fstype ?? '';
  t.same(
    new Set(reasons(report.mounts)),
    new Set([
      `why/table is for coda, this is ${fstype}`,
      'why/program excepts the program udevadm',
    ]),
  );
  t.match((await explain(['-p', file, '--program', 'df', '/usr'])).report.mounts, {
    rule: 'why/program',
    origin: /why\.yaml:11$/,
    whyNot: [],
  });

  const memory = await explain(['-p', file, shm]);
  t.match(
    reasons(memory.report.statfs).find((text) => text.startsWith('why/path ')),
    /names no type: memory and the kernel's own filesystems are left to rules that name them$/,
  );
});

void t.test('mount tables as files', async (t) => {
  for (const [file, table] of [
    ['/proc/self/mountinfo', 'mountinfo'],
    ['/proc/mounts', 'mounts'],
    ['/proc/self/../self/mountstats', 'mountstats'],
  ] as const) {
    const { status, report } = await explain([...spoof, file]);
    t.equal(status, 0, file);
    t.match(report.open, { table, rules: ['--fstype tmpfs=ext4 (mounts)'] });
    t.ok(report.open.lines >= 1);
    t.equal(report.statfs.rule, null, 'the file itself lies on procfs');
  }
  const filesystems = await explain(['--fstype', 'coda=gfs2', '/proc/filesystems']);
  t.match(filesystems, {
    status: 0,
    report: { open: { table: 'filesystems', rules: ['--fstype coda=gfs2 (mounts)'], lines: 1 } },
  });
  const spared = await explain([...spoof, '--program', 'systemd', '/proc/self/mountinfo']);
  t.match(spared, { status: 1, report: { open: { table: 'mountinfo', rules: [], lines: 0 } } });
  const other = await explain(['--fstype', 'coda=ext4', '/proc/self/mountinfo']);
  t.match(other, { status: 1, report: { open: { rules: [], reason: /no rule changes a line/ } } });

  const link = path.join(t.testdir({}), 'link');
  symlinkSync('/proc/self/mounts', link);
  const hidden = await explain([...spoof, link]);
  t.match(hidden, { status: 1, report: { open: { table: 'mounts', rules: [], lines: 0 } } });
  // What is said of the link is true: the mechanism does not look at it.
  const ended = await cli(['exec', ...spoof, 'cat', link]);
  t.notMatch(ended.stdout, / \/dev\/shm ext4 /);
});

void t.test('rules for files', async (t) => {
  const directory = t.testdir({
    'files.yaml': [
      'apiVersion: seccomp-spoof/v1',
      'name: f',
      'files:',
      '  - { path: /dev/kmsg, redirect: /dev/null }',
      '  - { path: /no/such/*, content: "10\\n", when: missing }',
      '  - { path: /proc/uptime, content: "10\\n", when: missing }',
      '  - { path: /proc/*/mounts, content: "", except: { program: [df] } }',
      '  - { path: /opt/x/**, redirect: /srv }',
      '',
    ].join('\n'),
  });
  const file = async (...words: string[]) =>
    (await explain(['-p', './files.yaml', ...words], directory)).report;
  t.match(await file('/dev/../dev/kmsg'), {
    holds: true,
    file: { path: '/dev/kmsg', rule: 'f/files/1', origin: /:4$/, answer: '/dev/null', whyNot: [] },
  });
  t.match(await file('/no/such/file'), {
    holds: true,
    resolved: null,
    statfs: { error: 'ENOENT' },
    file: { path: '/no/such/file', rule: 'f/files/2', answer: 'content, 3 bytes' },
  });
  t.match(await file('/proc/uptime'), {
    holds: false,
    file: { rule: null, whyNot: [{ rule: 'f/files/3', reason: /does not exist$/ }] },
  });
  t.match(await file('/proc/self/mounts'), { file: { rule: 'f/files/4' } });
  t.match(await file('--program', 'df', '/proc/self/mounts'), {
    holds: false,
    file: { rule: null, whyNot: [{ rule: 'f/files/4', reason: 'excepts the program df' }] },
  });
  t.match(await file('/opt/x/y/z'), {
    file: { rule: 'f/files/5', answer: 'what lies below /srv' },
  });
  t.match(await file('/usr'), { holds: false, file: { rule: null, whyNot: [] } });
});

void t.test('what is made of the file beside it', async (t) => {
  const directory = t.testdir({
    'files.yaml': [
      'apiVersion: seccomp-spoof/v1',
      'name: f',
      'files:',
      '  - { path: "/**/memory.stat", generate: memory-stat-v2, when: missing }',
      '  - { path: "/**/usage_percpu", generate: zero-per-cpu }',
      '',
    ].join('\n'),
    group: { 'memory.current': '5\n' },
    none: { 'memory.current': {} },
  });
  const file = async (name: string) => {
    const words = ['-p', './files.yaml', path.join(directory, name)];
    return (await explain(words, directory)).report;
  };
  t.match(await file('group/memory.stat'), {
    holds: true,
    file: { rule: 'f/files/1', answer: 'generated: memory-stat-v2, of memory.current beside it' },
  });
  for (const name of ['none', 'nowhere']) {
    const reason = `needs ${path.join(directory, name, 'memory.current')}, which is no file here`;
    t.match(await file(`${name}/memory.stat`), {
      holds: false,
      file: { rule: null, whyNot: [{ rule: 'f/files/1', reason }] },
    });
  }
  t.match(await file('none/usage_percpu'), {
    file: { rule: 'f/files/2', answer: 'generated: zero-per-cpu' },
  });
});

void t.test('what people read', async (t) => {
  const holds = await cli(['explain', ...spoof, shm]);
  t.match(holds, { status: 0, stderr: '' });
  t.match(holds.stdout, /^path +\/dev\/shm\npolicy +--fstype tmpfs=ext4\n/);
  t.match(
    holds.stdout,
    /^ {2}natively +tmpfs \(0x01021994\)\n {2}told +type ext4\n {2}rule +--fstype/m,
  );
  t.match(holds.stdout, /^ {2}stopped +statfs, fstatfs, open, /m);
  t.match(holds.stdout, /^ {2}cost +one /m);
  const none = await cli(['explain', '/dev/shm/../shm']);
  t.match(none, { status: 1, stderr: '' });
  t.match(none.stdout, /^path +\/dev\/shm\/\.\.\/shm, which is \/dev\/shm$/m);
  t.match(none.stdout, /^ {2}why not +9p-as-ext4\/statfs\/1 is for 9p, this is tmpfs$/m);
  const missing = await cli(['explain', '/no/such/path']);
  t.match(missing, { status: 1, stderr: '' });
  t.match(missing.stdout, /told +the kernel's own answer: ENOENT$/m);
});

void t.test('where the mechanism does not work', async (t) => {
  const words = ['exec', '-m', 'notify', ...spoof, program, 'explain', '-m', 'notify', ...spoof];
  const ended = await cli([...words, '--json', '/dev/shm/..']);
  t.match(JSON.parse(ended.stdout), {
    mechanism: { name: null, why: /mechanism notify does not work here/ },
  });
});

void t.test('wrong usage', async (t) => {
  const lines: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /explain needs a path; write one/],
    [['/', '/usr'], /no use for "\/usr"; write one path/],
    [['--program', '/bin/df', '/'], /--program \/bin\/df is a path; /],
    [['--program=', '/'], /option --program has an empty value/],
    [['--progrm', 'df', '/'], /did you mean --program\?/],
    [['-m', 'notfy', '/'], /did you mean notify\?/],
    [['-p', 'no-such-policy', '/'], /no-such-policy/],
  ];
  for (const [words, message] of lines) {
    const ended = await cli(['explain', ...words]);
    t.match(ended, { status: 2, stdout: '', stderr: message }, words.join(' '));
    t.match(ended.stderr, /^seccomp-spoof: [^\n]*\n$/, 'one line');
  }
  t.match(await cli(['explain', '-h']), { status: 0, stdout: /--program NAME/, stderr: '' });
});
