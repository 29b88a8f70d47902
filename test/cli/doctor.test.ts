// `doctor` and `version`: what they say here, and what they say where nothing works.
import { readFileSync } from 'node:fs';
import t from 'tap';

import type { DoctorReport } from '../../src/commands/doctor.js';
import { isOfThisKernel, saysAsOnThePage } from '../support/doctor.js';
import { cli, cliWith, program, run, standIn } from './helpers.js';

const REPORT = {
  kernel: '5.4.0',
  arch: 'x86_64',
  yama: 1,
  uid: 1000,
  capSysAdmin: false,
  capSysPtrace: false,
  features: [
    { name: 'notify', ok: false, why: 'seccomp(2) says EBUSY' },
    { name: 'proc', ok: true, why: 'here it is' },
  ],
  mechanism: null,
  stays: false,
};

const told = readFileSync('/proc/cpuinfo', 'utf8');
const [, maker] = /^vendor_id\s*: (.*)$/m.exec(told) ?? [];
const [, family] = /^cpu family\s*: (.*)$/m.exec(told) ?? [];
const skip = maker === undefined || family === undefined ? 'no x86 processor' : false;

void t.test('doctor: the processor, as the kernel names it', { skip }, async (t) => {
  const { stdout } = await cli(['doctor']);
  const not = maker === 'AuthenticAMD' && family === '25' ? '' : 'not ';
  const [line = ''] = /^ {2}inline .*$/m.exec(stdout) ?? [];
  if (/^ {2}inline +yes/.test(line))
    t.ok(line.endsWith(`; ${not}proved on ${maker} family ${family}`), line);
  else t.match(line, /^ {2}inline +no /);
});

void t.test('doctor on this machine', async (t) => {
  const text = await cli(['doctor']);
  const json = await cli(['doctor', '--json']);
  t.equal(text.status, json.status);
  const report = JSON.parse(json.stdout) as DoctorReport;
  t.equal(report.ok, json.status === 0);
  t.match(report, {
    versions: { package: String, platform: `linux-${process.arch}`, abi: 4 },
    probe: { features: Array, mechanism: report.mechanism },
    policy: '9p-as-ext4',
    command: null,
    problems: Array,
    next: Array,
  });
  const paths = report.filesystems.map(({ path }) => path);
  t.same(paths, [...new Set(['/', '/tmp', '/var/lib', process.cwd()])]);
  t.match(report.filesystems[0], { type: /^0x[0-9a-f]{8}$/, error: null });
  for (const { name, why } of report.probe?.features ?? []) {
    t.ok(text.stdout.includes(name) && text.stdout.includes(why), name);
  }
  t.match(text.stdout, /^mechanism: /m);
});

void t.test('doctor on the host, as docs/lanes.md has it', async (t) => {
  const why =
    isOfThisKernel() || (process.getuid?.() !== 0 && 'doctor for root and nobody: not root');
  if (why !== false) {
    t.comment(`not applicable: ${why}`);
    return;
  }
  saysAsOnThePage(t, 'Host, root', (await cli(['doctor'])).stdout);
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--', program];
  if ((await run('setpriv', [...nobody, '--version'])).status !== 0)
    t.comment('not applicable: doctor for nobody: another user cannot reach this checkout');
  else saysAsOnThePage(t, 'Host, nobody', (await run('setpriv', [...nobody, 'doctor'])).stdout);
});

void t.test('doctor of a command', async (t) => {
  const json = await cli(['doctor', '--json', '/opt/k3s']);
  const report = JSON.parse(json.stdout) as DoctorReport;
  t.match(report, {
    policy: 'k3s',
    environment: { kind: 'linux', why: /a Linux kernel/ },
    command: { line: ['/opt/k3s', 'server'], program: 'k3s' },
  });
  const { options = [], advised = [] } = report.command ?? {};
  t.same(advised, ['/opt/k3s', 'server', ...options.map(({ option }) => option)]);
  const text = await cli(['doctor', '--', 'k3s', 'server', '--data-dir=/proc', "it's"]);
  t.match(text.stdout, /^ {2}line {4}k3s server --data-dir=\/proc 'it'\\''s'$/m);
  t.match(text.stdout, /^ {2}policy {2}k3s, the policy for k3s here$/m);
  t.match(text.stdout, /^next\n {2}seccomp-spoof exec k3s server --data-dir=\/proc 'it'\\''s'$/m);
  const other = await cli(['doctor', 'ls', '--json']);
  t.match(other.stdout, /^ {2}line {4}ls --json$/m, 'what is behind the command is its own');
  t.match(other.stdout, /^ {2}policy {2}9p-as-ext4, the default policy$/m);
});

void t.test('where no mechanism works', async (t) => {
  const native = standIn(t.testdir({}), `echo '${JSON.stringify(REPORT)}'; exit 1`);
  const json = await cliWith(native, ['doctor', '--json']);
  t.equal(json.status, 1);
  t.match(JSON.parse(json.stdout), {
    ok: false,
    mechanism: null,
    probe: REPORT,
    problems: [/no mechanism works here \(notify: seccomp\(2\) says EBUSY\)/],
  });
  const text = await cliWith(native, ['doctor']);
  t.equal(text.status, 1);
  t.match(text.stdout, /^ {2}notify {2}no {3}seccomp\(2\) says EBUSY$/m);
  t.match(text.stdout, /^ {2}privileges {3}uid 1000, CAP_SYS_ADMIN no, CAP_SYS_PTRACE no$/m);
  t.match(text.stdout, /^exec does not work here\.$/m);
});

void t.test('where a parent stays', async (t) => {
  const report = { ...REPORT, mechanism: 'notify', stays: true };
  const native = standIn(t.testdir({}), `echo '${JSON.stringify(report)}'`);
  const text = await cliWith(native, ['doctor']);
  t.match(text.stdout, /^mechanism: notify\na parent stays: only an ancestor may read a program/m);
  const json = await cliWith(native, ['doctor', '--json']);
  t.match(JSON.parse(json.stdout), { mechanism: 'notify', probe: { stays: true } });
  const inPlace = standIn(t.testdir({}), `echo '${JSON.stringify({ ...report, stays: false })}'`);
  t.notMatch((await cliWith(inPlace, ['doctor'])).stdout, /a parent stays/);
});

void t.test('a supervisor that fails, or says something else', async (t) => {
  for (const [body, message] of [
    ['echo broken >&2; exit 3', /probe failed: broken; /],
    ['echo "{}"', /report is not understood: "\{\}/],
    ['kill -KILL $$', /probe failed: /],
  ] as const) {
    const native = standIn(t.testdir({}), body);
    const ended = await cliWith(native, ['doctor', '--json']);
    t.equal(ended.status, 1, body);
    t.match(JSON.parse(ended.stdout), { ok: false, probe: null, problems: [message] });
  }
});

void t.test('without native files', async (t) => {
  const ended = await cliWith('/nonexistent', ['doctor', '--json']);
  t.equal(ended.status, 1);
  t.match(JSON.parse(ended.stdout), { ok: false, probe: null, versions: { abi: null } });
  t.match(ended.stdout, /libseccomp_spoof\.so is missing/);
});

void t.test('version', async (t) => {
  for (const words of [['version'], ['--version'], ['-V']]) {
    const ended = await cli(words);
    t.match(ended, { status: 0, stderr: '' }, words.join(' '));
    t.match(ended.stdout, /^seccomp-spoof +\d+\.\d+\.\d+\nsupervisor +ABI 4, .*\nkernel +Linux /);
  }
  const json = await cli(['version', '--json']);
  t.match(JSON.parse(json.stdout), { package: /^\d/, abi: 4, kernel: String, node: /^v/ });
});
