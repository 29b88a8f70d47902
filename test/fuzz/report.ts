// The section of docs/reliability.md on random programs: a row for each run, of whatever build it was.
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { thisMachine, writeSection } from '../support/section.js';
import type { Counts } from './compare.js';

const TITLE = 'Random programs';
const HEADINGS = [
  'date',
  'build',
  'kernel',
  'seed',
  'calls',
  'programs',
  'unsteady',
  'vanished',
  'differences',
];

/** One run, as a row of the table. */
export type Row = readonly string[];

/** Of a run here and now; `of`: of which build; `kernel`: if it does not say so itself. */
export const rowOf = (
  seed: number,
  counts: Counts,
  differences: number,
  of: string,
  kernel = `Linux ${release()}`,
): Row => [
  ...[new Date().toISOString().slice(0, 10), of, kernel, String(seed)],
  ...[counts.calls, counts.programs, counts.unsteady, counts.vanished, differences].map(String),
];

export const line = (row: Row): string => `| ${row.join(' | ')} |`;

const cells = (text: string): string[] =>
  text
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

const rowsIn = (text: string): Row[] =>
  text
    .split('\n')
    .map(cells)
    .filter((row) => row.length === HEADINGS.length && /^\d{4}-/.test(row[0] ?? ''));

/** The row in what `npm run fuzz` has printed. */
export const rowIn = (text: string): Row | undefined => rowsIn(text)[0];

function rowsOf(page: string): Row[] {
  const [, section = ''] = page.split(`\n## ${TITLE}\n`);
  return rowsIn(section.split('\n## ')[0] ?? '');
}

/** Adds a run to those that are there. */
export function addRow(file: string, row: Row): void {
  const rows = [...rowsOf(existsSync(file) ? readFileSync(file, 'utf8') : ''), row];
  const sum = (at: number): string => String(rows.reduce((all, each) => all + Number(each[at]), 0));
  const together = ['together', '', '', '', ...[4, 5, 6, 7, 8].map(sum)];
  writeSection(file, TITLE, [
    'Programs of random system calls ran natively and below `exec`, by each mechanism, with several policies, as root, as a user',
    'and in a user namespace; what they were answered and what they left on the disk was compared, apart from what the policy says.',
    '',
    'Made by `npm run fuzz` and `npm run fuzz:elsewhere`, which add a row for each run; do not edit. Unsteady programs are',
    'answered differently by two native runs, and count for nothing; vanished are differences that were not there when the program ran alone.',
    `The last run: ${thisMachine()}`,
    '',
    line(HEADINGS),
    line(HEADINGS.map(() => '---')),
    ...rows.map(line),
    line(together),
  ]);
}
