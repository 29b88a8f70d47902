// What `npm run bench` does with a result: a report, the README, a comparison with an older one.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Result } from '../model.js';
import { compare, describeComparison } from './compare.js';
import { joinResults } from './join.js';
import { nameOf, readResult, recordedIn, writeReadme, writeReport } from './files.js';

export const reportOptions = {
  report: { type: 'string', describe: 'write result, report and pictures into this directory' },
  'report-of': {
    type: 'string',
    describe: 'measure nothing: make report and pictures of this result again, next to it',
  },
  join: {
    type: 'string',
    array: true,
    describe: 'measure nothing: one result of several of this machine; with --json or --report',
  },
  readme: {
    type: 'string',
    describe: 'measure nothing: put the table of this result into the README',
  },
  compare: { type: 'string', describe: 'tell what became slower or faster since this result' },
  gate: {
    type: 'boolean',
    default: false,
    describe: 'with --compare: end with 1 if something became slower',
  },
} as const;

export interface ReportWords {
  readonly json?: string | undefined;
  readonly report?: string | undefined;
  readonly reportOf?: string | undefined;
  readonly join?: readonly string[] | undefined;
  readonly readme?: string | undefined;
  readonly compare?: string | undefined;
  readonly gate: boolean;
}

/** A line for each row: half as large, and a diff of two shows rows. */
function write(file: string, { rows, ...rest }: Result): void {
  const head = JSON.stringify(rest, undefined, 1).replace(/\n\}$/u, '');
  const lines = rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${head},\n "rows": [\n${lines}\n ]\n}\n`);
}

function tell(files: readonly string[]): void {
  for (const file of files) console.error(`written: ${file}`);
}

function compareWith(file: string, now: Result, gate: boolean): void {
  const before = readResult(file);
  const found = compare(before, now);
  process.stdout.write(describeComparison(before, now, found));
  if (gate && found.slower.length > 0) process.exitCode = 1;
}

/** The result to work on; measured only if the words do not name one. */
export async function finish(words: ReportWords, measure: () => Promise<Result>): Promise<void> {
  const { reportOf, readme, join: parts } = words;
  if (readme !== undefined) tell([writeReadme(readme)]);
  if (readme !== undefined && reportOf === undefined) return;
  const made = parts === undefined ? measure : () => joinResults(parts.map(readResult));
  const result = reportOf === undefined ? await made() : readResult(reportOf);
  // First of all: it took an hour.
  if (words.json !== undefined) write(words.json, result);
  const name = reportOf === undefined ? nameOf(result) : recordedIn(reportOf).name;
  const directory = words.report ?? (reportOf === undefined ? undefined : dirname(reportOf));
  if (directory !== undefined) {
    const file = join(directory, `${name}.json`);
    if (reportOf === undefined) write(file, result);
    tell([...(reportOf === undefined ? [file] : []), ...writeReport(directory, { name, result })]);
  }
  if (words.compare !== undefined) compareWith(words.compare, result, words.gate);
}
