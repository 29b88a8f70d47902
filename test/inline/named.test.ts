// Rules that name files: of their names every call is stopped, of other names none is where the program answers
// by itself; and what is told is the same.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { compileIn } from '../support/compile.js';
import { ASKS, countOf, dynamicallyLinked, makePlace, wrapped } from './programs.js';

const { place, remove } = makePlace();
t.teardown(remove);
mkdirSync(path.join(place, 'x'));
for (const name of ['told', 'x/vm', 'x/xvm', 'unnet', 'xtold'])
  writeFileSync(path.join(place, name), 'real\n');

const policy = path.join(place, 'policy.yaml');
writeFileSync(
  policy,
  `apiVersion: seccomp-spoof/v1
name: named
statfs: [{ when: { type: tmpfs }, answer: { type: ext4 } }]
mounts: [{ when: { fstype: tmpfs }, answer: { fstype: ext4 } }]
files:
  - { path: ${place}/told, content: "told\\n" }
  - { path: ${place}/absent, content: "made\\n", when: missing }
  - { path: ${place}/net/told, content: "parent\\n", when: missing }
  - { path: ${place}/vm, content: "short\\n", when: missing }
  - { path: ${place}/x/vm, redirect: ${place}/file }
`,
);

const programs = [
  ['static', compileIn('inline', 'named', ['named.c'])],
  ['dynamic', dynamicallyLinked('named')],
] as const;

for (const [kind, program] of programs)
  for (const mechanism of ['notify', 'trace']) {
    const by = (when: string, ...words: readonly string[]) =>
      wrapped(['-m', mechanism, '--inline', when, '-p', policy], [program, place, ...words]);

    void t.test(`${kind}, ${mechanism}: what is told`, (t) => {
      const off = by('off');
      const { status, signal, stdout, stderr, told } = by('always');
      t.equal(status, 0, `${signal} ${stderr}`);
      t.match(off.stdout, /^open PLACE\/told: done 74$/m, 'by a rule');
      t.match(off.stdout, /^stat told without an end: EFAULT 0$/m);
      t.same(stdout.split('\n'), off.stdout.split('\n'), 'the same');
      t.ok(countOf(told, /^places/) >= 8, JSON.stringify(told.inline));
      t.end();
    });

    void t.test(`${kind}, ${mechanism}: what is stopped`, (t) => {
      const about = (name: string): number => by('always', name, String(ASKS)).told.stopped;
      t.ok(about('abcd') < ASKS / 10, 'nearly nothing of a name that no rule has');
      t.ok(about('x/vm') >= 4 * ASKS, 'everything of one that a rule has');
      t.end();
    });
  }
