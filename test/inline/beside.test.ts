// ... by notify, beside threads, too: each call of theirs is right while the program is changed,
// whatever happens meanwhile. ROUNDS=n: so many programs of each kind; REPORT=FILE: where the figures go, as a section.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import t from 'tap';
import { compileIn } from '../support/compile.js';
import { cleanCommand } from '../support/environment.js';
import { missingGo } from '../support/go.js';
import { root, seccompSpoof } from '../support/paths.js';
import { Random } from '../support/random.js';
import { madeBy, thisMachine, writeSection } from '../support/section.js';
import { childrenOf, numberOf, readLog } from '../support/subject.js';
import * as programs from './programs.js';
import { ASKS, countOf } from './programs.js';

const { place, remove } = programs.makePlace();
t.teardown(remove);
const rounds = process.env['ROUNDS'] ?? '20';
const beside = compileIn('inline', 'beside', ['beside.c'], programs.DYNAMICALLY);
/** So that paths are stopped, too: those that end so. */
const policy = path.join(
  t.testdir({
    'files.yaml': `apiVersion: seccomp-spoof/v1
name: files
files: [{ path: ${place}/nothing-of-this-name, content: told }]
`,
  }),
  'files.yaml',
);

const by = (when: string, command: readonly string[]) =>
  programs.wrapped(['-m', 'notify', '-p', policy, '--inline', when], command);

/** For REPORT; what is wrong is in the failure. */
const figures: string[] = [];
const kinds: Readonly<Record<string, string>> = {
  plain: 'nothing else',
  signals: 'a storm of signals, whose handlers ask, too',
  forks: 'forks, whose children ask, too',
  filter: 'a filter of its own',
  ends: 'its end',
  executes: 'an execve of another thread',
};

for (const [verb, meanwhile] of Object.entries(kinds))
  void t.test(`threads: ${verb}`, (t) => {
    const { status, signal, stderr, told } = by('always', [beside, verb, rounds, place]);
    t.equal(status, 0, `${signal} ${stderr}`);
    t.ok(countOf(told, /^programs/) > 0, JSON.stringify(told.inline));
    figures.push(`| ${meanwhile} | ${rounds} | ${told.stopped} | ${status ?? signal} |`);
    t.end();
  });

void t.test('threads: fewer calls are stopped', (t) => {
  const command = [beside, 'plain', '3', place];
  const off = by('off', command).told.stopped;
  const { told } = by('always', command);
  t.ok(off >= ASKS, `${off} calls are stopped without it`);
  // Opens of a C library are left alone beside threads; and bad paths, and `/`, are stopped. How many others depends
  // on time: attempts are paid for by rests, and each takes long below ThreadSanitizer.
  t.ok(countOf(told, /^places/) > 0, JSON.stringify(told.inline));
  t.ok(told.stopped < off, `${told.stopped} calls were stopped of ${off}`);
  t.end();
});

void t.test('threads: the worker is killed meanwhile', async (t) => {
  const random = new Random(17);
  const log = path.join(t.testdir({}), 'log');
  const [command, words] = cleanCommand([
    ...[seccompSpoof, 'exec', '-q', '-m', 'notify', '--inline', 'always', ...programs.policy],
    ...['-p', policy, '--log-file', log, '--', beside, 'deaths', rounds, place],
  ]);
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close');
  let kills = 0;
  const killOne = (): void => {
    try {
      const started = readLog(log).find(({ msg }) => msg === 'guardian started');
      for (const worker of childrenOf(numberOf(started, 'guardian'))) {
        process.kill(worker, 'SIGKILL');
        kills++;
      }
    } catch {
      // It has not begun, or there is none at this moment.
    }
    timer = setTimeout(killOne, random.below(20));
  };
  let timer = setTimeout(killOne, 1);
  const [status, signal] = (await ended) as [number | null, string | null];
  clearTimeout(timer);
  t.equal(status, 0, `${signal} ${said}`);
  t.ok(kills > 0, `${kills} workers were killed`);
  const totals = readLog(log).find(({ msg }) => msg === 'totals');
  const truths = said.split('\n').filter((line) => line === 'the truth').length;
  t.ok(truths <= numberOf(totals, 'givenUp'), `${truths}, ${JSON.stringify(totals)}`);
  figures.push(`| the death of ${kills} workers | ${rounds} | | ${status ?? signal} |`);
});

void t.test('a filter for all threads, while another one gets places', (t) => {
  programs.checkFilterForAll(t, by);
  t.end();
});

void t.test('the parent of the command changes no program with threads', (t) => {
  const words = ['-m', 'notify', '-p', policy, '--inline', 'always', '--stay'];
  const { status, stderr, told } = programs.wrapped(words, [beside, 'plain', '1', place]);
  t.equal(status, 0, stderr);
  t.ok(countOf(told, /threads, or memory/) > 0, JSON.stringify(told.inline));
  t.end();
});

void t.test('Go', { skip: missingGo }, (t) => {
  programs.checkGo(t, (when, command) => by(when, [...command, place]));
  t.end();
});

const report = process.env['REPORT'];
if (report !== undefined)
  t.teardown(() => {
    writeSection(path.resolve(root, report), 'Programs that are changed beside their threads', [
      'Programs of four threads that ask for filesystems and paths are changed meanwhile, so that they answer by themselves; each answer is',
      'checked, and a program that is told something wrong, or crashes, or hangs ends it all.',
      '',
      `${madeBy('npm test -- test/inline/beside.test.ts')}; do not edit.`,
      thisMachine(),
      '',
      '| meanwhile | programs | calls stopped | status |',
      '| --- | --- | --- | --- |',
      ...figures,
    ]);
  });
