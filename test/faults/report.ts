// The figures of a run, and their section of docs/reliability.md.
import { madeBy, thisMachine, writeSection } from '../support/section.js';
import type { Point } from './faults.js';

const list = new Intl.ListFormat('en');

export class Counts {
  runs = 0;
  /** The call was not made that time: nothing failed. */
  missed = 0;
  wrong = 0;
  readonly #calls = new Map<string, Set<string>>();
  readonly #ways = new Map<string, { runs: number; wrong: number }>();

  add({ way, kind, error }: Point, hits: number, wrong: number): void {
    this.runs += 1;
    if (hits === 0) this.missed += 1;
    if (wrong > 0) this.wrong += 1;
    const errors = this.#calls.get(kind) ?? new Set<string>();
    this.#calls.set(kind, errors.add(error));
    const row = this.#ways.get(way.mechanism) ?? { runs: 0, wrong: 0 };
    row.runs += 1;
    row.wrong += wrong > 0 ? 1 : 0;
    this.#ways.set(way.mechanism, row);
  }

  get pairs(): number {
    return [...this.#calls.values()].reduce((sum, errors) => sum + errors.size, 0);
  }

  get kinds(): number {
    return this.#calls.size;
  }

  rows(): string[] {
    return [
      '| mechanism | runs, each with a fault | outcomes that are not allowed |',
      '| --------- | ---- | ---- |',
      ...[...this.#ways].map(([way, { runs, wrong }]) => `| \`${way}\` | ${runs} | ${wrong} |`),
      `| together | ${this.runs} | ${this.wrong} |`,
    ];
  }

  summary(ms: number): string {
    return `${this.runs} runs (${this.missed} in which the call was not made), ${this.kinds} kinds of calls, ${this.pairs} calls with an error or a delay, ${this.wrong} wrong, ${Math.round(ms / 60_000)} minutes\n${this.rows().join('\n')}`;
  }

  get mechanisms(): string {
    return list.format(this.#ways.keys());
  }
}

export function writeReport(file: string, counts: Counts, ms: number): void {
  const text = [
    'Each system call that the supervisor makes, at start and while it serves, fails in turn with each error that it',
    'can have, or is delayed by 4 ms, while a program opens, asks for and changes what rules name and what they do not.',
    `Result: ${counts.wrong} outcomes but the right answer, the truth, or the documented error; ${counts.wrong} hangs, wrong`,
    'files, leaked descriptors or broken starts.',
    '',
    `${madeBy('npm run faults')}, in ${Math.round(ms / 60_000)} minutes; do not edit.`,
    thisMachine(),
    '',
    ...counts.rows(),
    '',
    `${counts.kinds} kinds of calls, ${counts.pairs} pairs of a call and an error or the delay. Of each place in the program that makes a call:`,
    "its first call with each error, and a later one with one of them; in the command's place with rules by type and by path, and as its",
    `parent. In ${counts.missed} runs the call was not made that time. Which errors are left out, and why: \`test/faults/calls.ts\`.`,
  ];
  writeSection(file, 'Calls of ours that fail', text);
}
