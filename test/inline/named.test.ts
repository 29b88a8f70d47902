// Rules that name files: of their names every call is stopped, of other names none is where the program answers
// by itself; and what is told is the same.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { compileNamed, makeNamedPlace } from '../support/named.js';
import { ASKS, countOf, dynamicallyLinked, wrapped } from './programs.js';

const place = mkdtempSync('/dev/shm/seccomp-spoof-');
t.teardown(() => {
  rmSync(place, { recursive: true, force: true });
});
execFileSync('sh', ['-c', makeNamedPlace(place)]);
const policies = ['policy.yaml', 'patterns.yaml', 'files.yaml'];

const programs = [
  ['static', compileNamed()],
  ['dynamic', dynamicallyLinked('named')],
] as const;

for (const [kind, program] of programs)
  for (const mechanism of ['notify', 'trace']) {
    const policy = path.join(place, 'policy.yaml');
    const by = (when: string, name: string, ...words: readonly string[]) =>
      wrapped(
        ['-m', mechanism, '--inline', when, '-p', path.join(place, name)],
        [program, place, ...words],
        [],
        [],
      );

    for (const name of policies)
      void t.test(`${kind}, ${mechanism}, ${name}: what is told`, (t) => {
        const off = by('off', name);
        const { status, signal, stdout, stderr, told } = by('always', name);
        t.equal(status, 0, `${signal} ${stderr}`);
        t.match(off.stdout, /^open PLACE\/told: done 74$/m, 'by a rule');
        const real = name !== 'patterns.yaml';
        t.match(off.stdout, real ? /^open x\/1.yaml: done 72$/m : /^open x\/1.yaml: done 70$/m);
        t.match(off.stdout, /^stat told without an end: EFAULT 0$/m);
        t.same(stdout.split('\n'), off.stdout.split('\n'), 'the same');
        t.ok(countOf(told, /^places/) >= 8, JSON.stringify(told.inline));
        t.end();
      });

    void t.test(`${kind}, ${mechanism}: a filter of who has started it`, (t) => {
      const below = (when: string) =>
        wrapped(
          ['-m', mechanism, '--inline', when, '-p', policy],
          [program, place, '1'],
          [program, 'answer-unread'],
        );
      const off = below('off');
      const { status, signal, stdout, stderr } = below('always');
      t.equal(status, 0, `${signal} ${stderr}`);
      t.match(off.stdout, /^stat nowhere: done /m);
      t.same(stdout.split('\n'), off.stdout.split('\n'), 'the same');
      t.end();
    });

    const about = (name: string): number =>
      by('always', 'policy.yaml', name, String(ASKS)).told.stopped;
    void t.test(`${kind}, ${mechanism}: what is stopped`, (t) => {
      t.ok(about('abcd') < ASKS / 10, 'nearly nothing of a name that no rule has');
      t.ok(about('x/vm') >= 4 * ASKS, 'everything of one that a rule has');
      t.end();
    });

    const skipEnds =
      process.arch === 'x64' ? false : 'there the last four bytes of a path are all that counts';
    void t.test(`${kind}, ${mechanism}: what is stopped of ends alike`, { skip: skipEnds }, (t) => {
      for (const name of ['dir/xtold', 'abcd/', 'dir/file/'])
        t.ok(about(name) < ASKS / 10, `nearly nothing of ${name}`);
      for (const name of ['dir/../told', 'x//vm'])
        t.ok(about(name) >= 4 * ASKS, `everything of ${name}`);
      t.end();
    });

    const skip = process.arch === 'x64' ? false : 'there a path of less than four bytes is stopped';
    void t.test(`${kind}, ${mechanism}: what is stopped of short paths`, { skip }, (t) => {
      for (const name of ['.', '..', 'a', 'abc'])
        t.ok(about(name) < ASKS + ASKS / 10, `of ${name} hardly more than the statfs`);
      t.ok(about('vm') >= 4 * ASKS, 'everything of one that a rule has');
      t.end();
    });
  }
