// Root uses a policy only if nobody else could have written it, wherever it is found, unless told
// otherwise.
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

import { loadPolicy, PolicyError, spawn } from '../../src/index.js';
import { cli, type Ended, program, run } from './helpers.js';

const SOMEBODY = 12345;
const isRoot = process.geteuid?.() === 0;
const options = { skip: isRoot ? false : 'root alone is so careful' };

const policy = (name: string, more = ''): string =>
  `apiVersion: seccomp-spoof/v1
name: ${name}
${more}statfs:
  - when: { type: proc }
    answer: { type: xfs }
`;
const show = ['stat', '-f', '-c', '%t', '/proc'];
const TOLD = '58465342\n';
const INSECURE = '--insecure-policy';

function refused(t: Test, ended: Ended, status: number, why: RegExp): void {
  t.match(ended, { status, stdout: status === 1 ? why : '' });
  const said = status === 1 ? ended.stdout : ended.stderr;
  t.match(said, why);
  t.match(said, /^[^\n]+ is not used by root, [^\n]+; [^\n]+ --insecure-policy [^\n]+\n$/);
}

void t.test('a path', options, async (t) => {
  const home = t.testdir({ 'mine.yaml': policy('mine') });
  const file = path.join(home, 'mine.yaml');
  t.match(await cli(['exec', '-p', file, ...show]), { status: 0, stdout: TOLD, stderr: '' });
  for (const [part, mode, owner, why] of [
    [file, 0o644, SOMEBODY, /mine\.yaml belongs to user 12345/],
    [file, 0o666, 0, /mine\.yaml can be written by others \(mode 0666\)/],
    [home, 0o755, SOMEBODY, /path belongs to user 12345/],
    [home, 0o777, 0, /path can be written by others \(mode 0777\)/],
  ] as const) {
    chmodSync(part, mode);
    chownSync(part, owner, owner);
    for (const [words, status] of [
      [['exec', '-p', file, ...show], 125],
      [['exec', '--stats', '-p', file, ...show], 125],
      [['verify', '-p', file], 2],
      [['explain', '-p', file, '/proc'], 2],
      [['policy', 'check', file], 1],
    ] as const) {
      refused(t, await cli(words), status, status === 125 ? why : /is not used by root/);
    }
    const allowed = await cli(['exec', INSECURE, '-p', file, ...show]);
    t.match(allowed, { status: 0, stdout: TOLD, stderr: '' });
    t.match(await cli(['explain', INSECURE, '-p', file, '/proc']), { status: 0, stderr: '' });
    t.match(await cli(['verify', INSECURE, '-p', file]), { stdout: /mine/, stderr: '' });
    t.match(await cli(['policy', 'check', INSECURE, file]), { status: 0, stderr: '' });
    t.match(await cli(['policy', 'show', file]), { status: 0 }, 'it may be looked at');
    await t.rejects(loadPolicy({ policy: file }), PolicyError);
    await t.rejects(spawn('true', [], { policy: [file] }), PolicyError);
    t.match(await loadPolicy({ policy: file, insecurePolicy: true }), { names: ['mine'] });
    const child = await spawn('true', [], { policy: file, insecurePolicy: true, stdio: 'ignore' });
    t.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
    chmodSync(part, part === file ? 0o644 : 0o755);
    chownSync(part, 0, 0);
  }
});

void t.test('a name, found below HOME or XDG_CONFIG_HOME', options, async (t) => {
  const home = t.testdir({
    '.config': { 'seccomp-spoof': { policies: { 'mine.yaml': policy('mine') } } },
  });
  const exec = (env: Readonly<Record<string, string>>, ...more: string[]): Promise<Ended> =>
    cli(['exec', ...more, '-p', 'mine', ...show], { env });
  const inConfig = { XDG_CONFIG_HOME: path.join(home, '.config') };
  t.match(await exec({ HOME: home }), { status: 0, stdout: TOLD });
  t.match(await exec(inConfig), { status: 0, stdout: TOLD });
  // As sudo leaves them, where HOME is kept.
  chownSync(home, SOMEBODY, SOMEBODY);
  refused(t, await exec({ HOME: home }), 125, /belongs to user 12345/);
  refused(t, await exec(inConfig), 125, /belongs to user 12345/);
  t.match(await exec({ HOME: home }, INSECURE), { status: 0, stdout: TOLD });
  t.match(await cli(['exec', '-p', '9p-as-ext4', 'true'], { env: { HOME: home } }), { status: 0 });
  t.match(await cli(['policy', 'list'], { env: { HOME: home } }), { status: 0, stdout: /mine/ });
});

void t.test('what a policy names, too', options, async (t) => {
  const home = t.testdir({ theirs: { 'base.yaml': policy('base'), text: 'text' } });
  const theirs = path.join(home, 'theirs');
  const file = path.join(home, 'mine.yaml');
  const empty = 'apiVersion: seccomp-spoof/v1\nname: mine\n';
  chownSync(theirs, SOMEBODY, SOMEBODY);
  for (const [rest, place] of [
    ['extends: [./theirs/base.yaml]\n', /mine\.yaml:3:11: the policy file/],
    ['files:\n  - path: /x\n    contentFile: theirs/text\n', /mine\.yaml:5:18: the file/],
  ] as const) {
    writeFileSync(file, empty + rest);
    const ended = await cli(['exec', '-p', file, 'true']);
    refused(t, ended, 125, place);
    t.match(await cli(['exec', INSECURE, '-p', file, 'true']), { status: 0, stderr: '' });
  }
});

void t.test('another user uses what he likes', options, async (t) => {
  const home = t.testdir({ 'mine.yaml': policy('mine') });
  const file = path.join(home, 'mine.yaml');
  chmodSync(file, 0o666);
  const as = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const ended = await run('setpriv', [...as, program, 'exec', '-p', file, ...show]);
  t.match(ended, { status: 0, stdout: TOLD, stderr: '' });
});

void t.test('what is mounted for reading is written by nobody', options, async (t) => {
  const home = t.testdir({ 'mine.yaml': policy('mine') });
  const volume = path.join(home, 'volume');
  mkdirSync(volume);
  writeFileSync(path.join(volume, 'mine.yaml'), policy('mine'));
  chmodSync(volume, 0o777);
  const check = (before: string): Promise<Ended> => {
    const line = `${before} && exec "$0" policy check "$1/mine.yaml"`;
    return run('unshare', ['-m', 'sh', '-c', line, program, volume]);
  };
  const bind = `mount --bind '${volume}' '${volume}'`;
  refused(t, await check(bind), 1, /volume can be written by others/);
  const forReading = `${bind} && mount -o remount,bind,ro '${volume}'`;
  t.match(await check(forReading), { status: 0 });
  chownSync(path.join(volume, 'mine.yaml'), SOMEBODY, SOMEBODY);
  refused(t, await check(forReading), 1, /mine\.yaml belongs to user 12345/);
});

void t.test('who is unknown to the user namespace is nobody in it', options, async (t) => {
  const home = t.testdir({ theirs: { 'mine.yaml': policy('mine') } });
  const theirs = path.join(home, 'theirs');
  chownSync(theirs, SOMEBODY, SOMEBODY);
  const check = [program, 'policy', 'check', path.join(theirs, 'mine.yaml')];
  refused(t, await run('env', check), 1, /theirs belongs to user 12345/);
  t.match(await run('unshare', ['--user', '--map-root-user', ...check]), { status: 0 });
});

void t.test('without a procfs nothing is found out, and that is said', options, async (t) => {
  const file = path.join(t.testdir({ 'mine.yaml': policy('mine') }), 'mine.yaml');
  const line = 'umount -l /proc && exec "$0" policy check "$1"';
  t.match(await run('unshare', ['-m', 'sh', '-c', line, program, file]), {
    ...{ status: 1, stdout: /cannot be looked at where no procfs is mounted on \/proc/ },
  });
});
