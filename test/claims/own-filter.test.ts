// A program that installs a filter of its own is counted, and told of once in the log.
import path from 'node:path';
import t from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { SILENCE_MS } from '../support/silence.js';
import { readLog } from '../support/subject.js';
import { compile, mechanisms, place, run } from './helpers.js';

const program = compile('own-filter');

/** The guardian ends a little later than the command, and its last line tells the totals. */
async function wholeLog(file: string): Promise<ReturnType<typeof readLog>> {
  for (const began = performance.now(); ;) {
    const lines = readLog(file);
    if (lines.at(-1)?.msg === 'totals' || performance.now() - began > SILENCE_MS) return lines;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const mechanism of mechanisms)
  for (const [how, times] of [
    ['prctl', 1],
    ['seccomp', 1],
    ['neither', 0],
  ] as const)
    void t.test(`${how}, by ${mechanism}`, async (t) => {
      const { directory, policy } = place(t, 'files', ['{ path: DIR/none, content: "told\\n" }']);
      const log = path.join(directory, 'log');
      const options = ['-m', mechanism, '-p', policy, '--stats', '--log-file', log];
      const { status, stderr } = run([seccompSpoof, 'exec', ...options, '--', program, how]);
      t.equal(status, 0, stderr);
      t.equal(/filters of programs +(\d+)/.exec(stderr)?.[1], times === 0 ? undefined : '1');
      const lines = await wholeLog(log);
      const told = lines.filter(({ msg }) => msg.includes('a seccomp filter of its own'));
      t.same(
        told.map((line) => [line['program'], line['call']]),
        times === 0 ? [] : [['own-filter', how]],
      );
    });
