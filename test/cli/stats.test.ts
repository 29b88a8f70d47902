// `exec --stats`: Node stays as a parent; signals, job control and descriptors stay right.
import t from 'tap';

import { cli, program, run } from './helpers.js';
import { passesSignalsOn } from './signals.js';

const ANY = ['--fstype', 'tmpfs=xfs', '--fstype', 'proc=xfs'];

/**
 * One more call that no rule answers. A call is counted when it has been answered, and before the
 * next one is taken: without this the last one may be missing where the command has ended.
 */
const another = '/sys';

void t.test('what was counted is said on standard error', async (t) => {
  const text = await cli(['exec', '--stats', ...ANY, 'stat', '-f', '-c', '%t', '/proc', another]);
  t.match(text, { status: 0, stdout: '58465342\n62656572\n' });
  t.match(text.stderr, /^seccomp-spoof statistics\n/);
  t.match(text.stderr, /^ {2}rule --fstype proc=xfs +[1-9]/m);
  const json = await cli([
    ...['exec', '--stats', '--stats-format', 'json', ...ANY],
    ...['sh', '-c', `stat -f /proc ${another} >/dev/null; exit 3`],
  ]);
  t.equal(json.status, 3);
  t.match(JSON.parse(json.stderr), {
    stopped: Number,
    workerStarts: 1,
    // The later option is the more important one.
    rules: [
      { rule: '--fstype proc=xfs', hits: 1 },
      { rule: '--fstype tmpfs=xfs', hits: 0 },
    ],
  });
});

void t.test('an open that is never one of a table is not stopped', async (t) => {
  const stopped = async (mechanism: string, redirection: string): Promise<number> => {
    const loop = `for each in $(seq 500); do : ${redirection}; done; stat -f ${another} >/dev/null`;
    const stats = ['--mechanism', mechanism, '--stats', '--stats-format', 'json'];
    const ended = await cli(['exec', ...stats, ...ANY, 'sh', '-c', loop]);
    t.equal(ended.status, 0, ended.stderr);
    return (JSON.parse(ended.stderr) as { stopped: number }).stopped;
  };
  for (const mechanism of ['notify', 'trace']) {
    t.ok((await stopped(mechanism, '< /dev/null')) >= 500, `${mechanism}: for reading`);
    t.ok((await stopped(mechanism, '> /dev/null')) < 400, `${mechanism}: for writing`);
    t.ok((await stopped(mechanism, '<> /dev/null')) < 400, `${mechanism}: for both`);
  }
});

void t.test('signals are passed on', (t) =>
  passesSignalsOn(t, [program, 'exec', '--stats', ...ANY]),
);

void t.test('inherited descriptors reach the command, ours do not', async (t) => {
  const list = 'ls -l /proc/self/fd | sed -n "s/.* \\([0-9]* -> .*\\)/\\1/p" | grep -v /proc/';
  const command = `exec 3</dev/zero 7>/dev/null 20</dev/full; exec "$0" exec $1 sh -c '${list}'`;
  const plain = await run('bash', ['-c', command, program, '--']);
  const stats = await run('bash', ['-c', command, program, '--stats']);
  for (const ended of [plain, stats]) {
    t.match(ended.stdout, /^3 -> \/dev\/zero$/m);
    t.match(ended.stdout, /^7 -> \/dev\/null$/m);
    t.match(ended.stdout, /^20 -> \/dev\/full$/m);
    t.notMatch(ended.stdout, /memfd|eventpoll|eventfd/);
  }
});

void t.test('a command that is not started has no statistics', async (t) => {
  const ended = await cli(['exec', '--stats', ...ANY, 'no-such-command-here']);
  t.equal(ended.status, 127);
  t.match(ended.stderr, /no-such-command-here/);
});
