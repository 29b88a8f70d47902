// The library as its users see it: the built package, imported by its entry.
import { once } from 'node:events';
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';

import {
  FileError,
  loadPolicy,
  PolicyError,
  probe,
  spawn,
  SupervisorError,
  UsageError,
  type SpoofedProcess,
} from '../../src/index.js';
import { environment } from './helpers.js';

const fstype = { proc: 'xfs' };
const showType = ['-f', '-c', '%t', '/proc'];

async function outputOf(child: SpoofedProcess): Promise<string> {
  return child.stdout === null ? '' : text(child.stdout);
}

void t.test('spawn gives a child process with statistics', async (t) => {
  // A call is counted when it has been answered, and before the next one is taken: the second one
  // sees to it that the first is counted by the time the command ends.
  const child = await spawn('stat', [...showType, '/sys'], { fstype, env: environment });
  const exit = once(child, 'exit');
  t.equal(await outputOf(child), '58465342\n62656572\n');
  t.same(await exit, [0, null]);
  const statistics = child.statistics();
  t.match(statistics, { answered: 1, workerStarts: 1, rules: [{ hits: 1 }] });
});

void t.test('a loaded policy serves many commands', async (t) => {
  const policy = await loadPolicy({ fstype: ['proc=xfs', 'tmpfs=xfs'] });
  t.equal(policy.names.length, 2);
  const children = await Promise.all([1, 2, 3].map(() => spawn('stat', showType, { policy })));
  const outputs = await Promise.all(children.map(outputOf));
  t.same(outputs, ['58465342\n', '58465342\n', '58465342\n']);
  await t.rejects(spawn('true', [], { policy, fstype }), { message: /fstype has no effect/ });
});

void t.test('the command is the child itself, with the streams that were asked for', async (t) => {
  const directory = t.testdir({});
  const log = path.join(directory, 'log');
  const child = await spawn('sh', ['-c', 'echo $$; pwd; echo three >&3; ls -l /proc/$$/fd'], {
    fstype,
    cwd: directory,
    env: { ...environment, A: 'b' },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    logFile: log,
  });
  const three = child.stdio[3];
  const said = three === null || three === undefined ? '' : text(three as NodeJS.ReadableStream);
  const [pid, cwd, ...descriptors] = (await outputOf(child)).trimEnd().split('\n');
  t.equal(pid, String(child.pid));
  t.equal(cwd, directory);
  t.ok(descriptors.length > 4);
  t.notMatch(descriptors.join('\n'), /memfd|supervisor/, 'no descriptor of ours');
  t.notOk(
    descriptors.find((line) => line.endsWith(log)),
    'nor the log',
  );
  t.equal(await said, 'three\n');
  t.match(readFileSync(log, 'utf8'), /"msg":"guardian started"/);
});

void t.test('signals, and how commands end', async (t) => {
  const asleep = await spawn('sleep', ['1000'], { fstype });
  const ended = once(asleep, 'exit');
  t.ok(asleep.kill('SIGTERM'));
  t.same(await ended, [null, 'SIGTERM']);
  const missing = await spawn('no-such-command-here', [], { fstype, stdio: 'ignore' });
  t.same(await once(missing, 'exit'), [127, null]);
  const forbidden = await spawn('/dev/null', [], { fstype, stdio: 'ignore' });
  t.same(await once(forbidden, 'exit'), [126, null]);
});

void t.test('an abort signal ends the command, or keeps it from starting', async (t) => {
  const abort = new AbortController();
  const child = await spawn('sleep', ['1000'], { fstype, signal: abort.signal });
  const errors: Error[] = [];
  child.on('error', (error) => errors.push(error));
  const close = new Promise((resolve) => {
    child.once('close', (_, signal) => {
      resolve(signal);
    });
  });
  abort.abort();
  t.equal(await close, 'SIGTERM');
  t.match(errors, [{ name: 'AbortError' }]);
  await t.rejects(spawn('true', [], { fstype, signal: abort.signal }), { name: 'AbortError' });
});

/**
 * Every open file by its number, name and inode. A plain count would not do: segments of the tests
 * above are closed by the collector, at any moment.
 */
function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return `${fd} ${readlinkSync(`/proc/self/fd/${fd}`)} ${fstatSync(Number(fd)).ino}`;
    } catch {
      return []; // the listing's own
    }
  });
}

void t.test('what cannot be started is refused, and leaves no descriptor', async (t) => {
  const before = new Set(openFiles());
  await t.rejects(spawn('true', [], { fstype, cwd: '/nonexistent' }), SupervisorError);
  await t.rejects(spawn('true', [], { fstype, logFile: '/nonexistent/log' }), FileError);
  await t.rejects(spawn('true', [], { policy: 'no-such-policy' }), PolicyError);
  await t.rejects(spawn('true', [], { fstype: 'ext4' }), UsageError);
  t.same(
    openFiles().filter((file) => !before.has(file)),
    [],
  );
});

void t.test('probe reports', async (t) => {
  const report = await probe();
  t.match(report, { kernel: String, arch: String, features: Array });
  t.ok(report.features.some(({ name }) => name === 'notify'));
});
