// Where nothing is said of --inline: programs answer by themselves on processors that are known, and
// not if calls are counted or logged. What says so: the program's own mappings, and -v.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { run } from '../claims/helpers.js';
import { seccompSpoof } from '../support/paths.js';
import { KNOWN_PROCESSOR } from '../support/processor.js';
import { makePlace, policy, statically } from './programs.js';

const { place, remove } = makePlace();
t.teardown(remove);
const log = path.join(t.testdir({}), 'log');
const isKnown = KNOWN_PROCESSOR.test(readFileSync('/proc/cpuinfo', 'utf8'));

const exec = (...words: readonly string[]) =>
  run([seccompSpoof, 'exec', '-m', 'notify', ...policy, ...words, '--', statically, 'maps', place]);

/** [words, whether there is a page of ours, what -v says]. */
const cases = [
  [
    [],
    isKnown,
    isKnown
      ? /inline: .* after 64 stopped calls; proved on /
      : /inline: off: it has not been proved on this processor; --inline auto /,
  ],
  [['--stats'], false, /inline: off: stopped calls are counted or logged/],
  [['-o', log], false, /inline: off: stopped calls are counted or logged/],
  [['--inline', 'off'], false, /^(?!.*inline)/],
  [['--inline', 'auto'], true, /inline: .* after 64 stopped calls/],
  [['--inline', 'auto', '--stats'], true, /inline: .* after 64 stopped calls/],
] as const;

for (const [words, answers, says] of cases)
  void t.test(`exec ${words.join(' ')}`, (t) => {
    const { stdout } = exec('-q', ...words);
    t.equal(stdout, answers ? 'right\n' : 'wrong\n', 'its page is there, or not');
    t.match(exec('-v', ...words).stderr.replaceAll('\n', ' '), says);
    t.end();
  });
