// `verify`: every surface is really asked, natively and below each mechanism.
import { realpathSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import type { VerifyReport, VerifySurface } from '../../src/commands/verify.js';
import { cli, cliWith, program, run, standIn } from './helpers.js';

const MECHANISMS = ['notify', 'trace', 'ptrace'] as const;
const shm = '/dev/shm';
const spoof = ['--fstype', 'tmpfs=ext4'];

/** A policy file with these sections. */
function policy(directory: string, ...sections: readonly string[]): string {
  return [`apiVersion: seccomp-spoof/v1`, `name: ${directory}`, ...sections, ''].join('\n');
}

const STATFS = 'statfs: [{ when: { type: tmpfs }, answer: { type: ext4 } }]';
const MOUNTS = 'mounts: [{ when: { fstype: [tmpfs, devtmpfs] }, answer: { fstype: ext4 } }]';

function surfacesOf(json: string, wanted: string): readonly VerifySurface[] {
  const report = JSON.parse(json) as VerifyReport;
  return report.paths.find(({ path }) => path === wanted)?.surfaces ?? [];
}

/** The surfaces with this verdict. */
function withVerdict(surfaces: readonly VerifySurface[], wanted: string): readonly string[] {
  return surfaces.filter(({ verdict }) => verdict === wanted).map(({ surface }) => surface);
}

const TABLES = [
  '/proc/self/mountinfo',
  '/proc/self/mounts',
  '/etc/mtab',
  '/proc/self/mountstats',
  'statmount(2)',
] as const;

for (const mechanism of MECHANISMS) {
  void t.test(`one lie on every surface, by ${mechanism}`, async (t) => {
    const ended = await cli(['verify', '-m', mechanism, ...spoof, '--json', shm]);
    t.match(ended, { status: 0, stderr: '' });
    const report = JSON.parse(ended.stdout) as VerifyReport;
    t.match(report, {
      ok: true,
      policy: ['--fstype tmpfs=ext4'],
      mechanism: { name: mechanism, why: String },
      contradictions: 0,
    });
    t.same(
      report.paths.map((each) => each.path),
      ['/', process.cwd(), shm],
    );
    const [tmpfs, ext4] = [
      { type: '0x01021994', name: 'tmpfs' },
      { type: '0x0000ef53', name: 'ext4' },
    ];
    const surfaces = surfacesOf(ended.stdout, shm);
    for (const { surface, native, told } of surfaces) {
      if (surface.endsWith('statfs(2)')) {
        t.match([native, told], [tmpfs, ext4], surface);
      } else if (native.error === null) {
        t.match([native, told], [{ name: 'tmpfs' }, { name: 'ext4' }], surface);
      }
    }
    t.same(withVerdict(surfaces, 'contradiction'), []);
    t.equal(surfaces.find(({ surface }) => surface === TABLES[0])?.native.name, 'tmpfs');
  });

  void t.test(`a policy with statfs rules only is found out, by ${mechanism}`, async (t) => {
    const directory = t.testdir({ 'half.yaml': policy('half', STATFS) });
    const words = ['verify', '-m', mechanism, '-p', './half.yaml', '--json', shm];
    const ended = await cli(words, { cwd: directory });
    t.match(ended, { status: 1, stderr: '' });
    const surfaces = surfacesOf(ended.stdout, shm);
    const there = surfaces.filter(({ native }) => native.error === null);
    t.same(
      withVerdict(surfaces, 'contradiction'),
      there.map(({ surface }) => surface).filter((each) => TABLES.some((name) => name === each)),
    );
    t.match(
      surfaces.find(({ surface }) => surface === '/proc/self/mountinfo'),
      { told: { name: 'tmpfs' }, reason: 'not what statfs(2) says' },
    );
  });

  void t.test(`a policy with mounts rules only is found out, by ${mechanism}`, async (t) => {
    const directory = t.testdir({ 'half.yaml': policy('half', MOUNTS) });
    const words = ['verify', '-m', mechanism, '-p', './half.yaml', '--json', shm];
    const ended = await cli(words, { cwd: directory });
    t.match(ended, { status: 1, stderr: '' });
    const surfaces = surfacesOf(ended.stdout, shm);
    t.match(
      surfaces.find(({ surface }) => surface === '/proc/self/mountinfo'),
      { told: { name: 'ext4' }, verdict: 'contradiction' },
    );
  });
}

void t.test('what people read', async (t) => {
  const good = await cli(['verify', ...spoof, shm]);
  t.match(good, { status: 0, stderr: '' });
  t.match(good.stdout, /^mechanism {2}(notify|trace|ptrace): /m);
  t.match(good.stdout, /^\/dev\/shm\n {2}surface +natively +told\n/m);
  t.match(good.stdout, /^ {2}statfs\(2\) +tmpfs \(0x01021994\) +ext4 \(0x0000ef53\)$/m);
  t.match(good.stdout, /^ {2}\/proc\/self\/mountinfo +tmpfs +ext4$/m);
  t.match(good.stdout, /^ {2}\/proc\/filesystems +lists tmpfs +lists ext4$/m);
  t.match(good.stdout, /^no contradiction(, \d+ not covered)?\n$/m);

  const file = path.join(t.testdir({ 'half.yaml': policy('half', STATFS) }), 'half.yaml');
  const bad = await cli(['verify', '-p', file, shm]);
  t.match(bad, { status: 1, stderr: '' });
  t.match(bad.stdout, /mountinfo +tmpfs +tmpfs +CONTRADICTION: not what statfs\(2\) says$/m);
  t.match(bad.stdout, /^\d+ contradictions/m);
  t.match(bad.stdout, /^seccomp-spoof explain \/\S* \(with the same options\)/m);
});

void t.test('without any rule nothing is stopped, and nothing contradicts', async (t) => {
  const directory = t.testdir({ 'none.yaml': policy('none', 'statfs: []') });
  const ended = await cli(['verify', '-p', './none.yaml', '--json'], { cwd: directory });
  t.equal(ended.status, 0);
  t.match(JSON.parse(ended.stdout), { ok: true, mechanism: null, contradictions: 0 });
});

void t.test('relative paths, and a working directory that is deleted', async (t) => {
  const directory = realpathSync(t.testdir({ 'a b': '', gone: {} }));
  const ended = await cli(['verify', ...spoof, '--json', '--', 'a b'], { cwd: directory });
  const report = JSON.parse(ended.stdout) as VerifyReport;
  t.same(
    report.paths.map((each) => each.path),
    ['/', directory, 'a b'],
  );
  t.equal(report.paths[2]?.surfaces[0]?.native.error, null);

  const gone = path.join(directory, 'gone');
  const from = async (...words: string[]) => {
    const command = `mkdir -p '${gone}'; cd '${gone}' && rmdir '${gone}' && exec "$0" "$@"`;
    return run('/bin/sh', ['-c', command, program, 'verify', ...spoof, '--json', ...words]);
  };
  const absolute = JSON.parse((await from(shm)).stdout) as VerifyReport;
  t.same(
    absolute.paths.map((each) => each.path),
    ['/', shm],
  );
  const relative = await from('x');
  t.match(relative, { status: 2, stdout: '' });
  t.match(relative.stderr, /^seccomp-spoof: cannot look at x: ENOENT; /);
});

void t.test('a mechanism that does not work here', async (t) => {
  // The kernel allows one listener, and verify runs below one.
  const words = ['exec', '-m', 'notify', ...spoof, program, 'verify', '-m', 'notify', ...spoof];
  const ended = await cli(words);
  t.match(ended, { status: 2, stdout: '' });
  t.match(
    ended.stderr,
    /^seccomp-spoof: asking the surfaces failed: mechanism notify does not work here: /,
  );
});

void t.test('a supervisor that says something else', async (t) => {
  for (const [body, message] of [
    ['echo "{}"', /surfaces is not understood: "\{\}/],
    ['echo broken >&2; exit 3', /asking the surfaces failed: broken/],
    ['kill -TERM $$', /asking the surfaces failed: SIGTERM/],
  ] as const) {
    const ended = await cliWith(standIn(t.testdir({}), body), ['verify']);
    t.match(ended, { status: 2, stdout: '', stderr: message }, body);
  }
});

void t.test('wrong usage', async (t) => {
  const lines: readonly (readonly [readonly string[], RegExp])[] = [
    [['/no/such/path'], /cannot look at \/no\/such\/path: ENOENT; /],
    [[''], /no use for an empty path; /],
    [['--polcy', 'x'], /verify has no option --polcy; did you mean --policy\?/],
    [['-x'], /verify has no option -x; see seccomp-spoof verify --help/],
    [['--program', 'x'], /verify has no option --program; /],
    [['-p'], /option --policy needs a value/],
    [['--json=yes'], /option --json takes no value/],
    [['--fstype='], /option --fstype has an empty value/],
    [['--fstype', 'tmpfs'], /write --fstype/],
    [['-m', 'tracer'], /did you mean trace\?/],
    [['-m', 'magic'], /it is one of auto, notify/],
    [['-p', './no.yaml'], /no\.yaml/],
  ];
  for (const [words, message] of lines) {
    const ended = await cli(['verify', ...words]);
    t.match(ended, { status: 2, stdout: '', stderr: message }, words.join(' '));
    t.match(ended.stderr, /^seccomp-spoof: [^\n]*\n$/, 'one line');
  }
  t.match(await cli(['help', 'verify']), { status: 0, stdout: /--mechanism/, stderr: '' });
});
