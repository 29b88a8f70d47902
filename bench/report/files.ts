// Files of results and reports.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Result } from '../model.js';
import { root } from '../paths.js';
import { report } from './document.js';
import { pictures } from './pictures.js';
import { readmeBlock, replaceBlock, RESULTS, type Recorded } from './readme.js';
import { drawSvg } from './svg.js';

export function readResult(file: string): Result {
  const result = JSON.parse(readFileSync(file, 'utf8')) as Partial<Result>;
  // The only ones that write such files are we.
  if (result.format !== 1 || !Array.isArray(result.rows))
    throw new Error(`${file} is no result of this bench (format 1)`);
  return { ways: {}, ...result } as Result;
}

const families = /\b(EPYC|Xeon|Ryzen|Threadripper|Opteron|Core|Atom|Neoverse|Cortex|Graviton)\b/iu;

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9.]+/gu, '-')
    .replace(/^[-.]+|[-.]+$/gu, '');

/** `2026-11-25-linux-6.18-epyc`: what a result is called, if it is not told. */
export function nameOf({ date, machine, quick }: Result): string {
  const kernel = /^\d+\.\d+/u.exec(machine.kernel)?.[0] ?? slug(machine.kernel);
  const cpu = slug(families.exec(machine.cpu)?.[0] ?? machine.cpu).slice(0, 24);
  return [date.slice(0, 10), 'linux', kernel, cpu, ...(quick ? ['quick'] : [])].join('-');
}

/** The texts of a report, by file name. */
export function filesOf({ name, result }: Recorded): Readonly<Record<string, string>> {
  const drawn = Object.entries(pictures(result)).map(
    ([what, picture]) => [what, `${name}-${what}.svg`, drawSvg(picture)] as const,
  );
  const images = Object.fromEntries(drawn.map(([what, file]) => [what, file]));
  return {
    [`${name}.md`]: report(result, images),
    ...Object.fromEntries(drawn.map(([, file, svg]) => [file, svg])),
  };
}

/** The files that were written. */
export function writeReport(directory: string, recorded: Recorded): string[] {
  mkdirSync(directory, { recursive: true });
  return Object.entries(filesOf(recorded)).map(([name, text]) => {
    const file = join(directory, name);
    writeFileSync(file, text);
    return file;
  });
}

export const recordedIn = (file: string): Recorded => ({
  name: basename(file, '.json'),
  result: readResult(file),
});

/** What the README may show: the whole of it, and no first look. */
export const isForReadme = ({ quick, rows }: Result): boolean =>
  !quick && rows.some(({ table }) => table === 'calls');

/** All results that are committed, the newest first. */
export function recordedResults(directory = join(root, RESULTS)): Recorded[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => recordedIn(join(directory, name)))
    .sort((a, b) => (a.result.date < b.result.date ? 1 : -1));
}

/** The README as it has to be. */
export function readmeWith(readme: string, recorded: Recorded | undefined): string {
  const shown = recorded === undefined ? [] : Object.keys(pictures(recorded.result));
  return replaceBlock(readme, readmeBlock(recorded, shown));
}

export function writeReadme(file: string): string {
  const place = dirname(file);
  if (join(process.cwd(), place) !== join(root, RESULTS) && place !== join(root, RESULTS))
    throw new Error(`the README shows results in ${RESULTS} only`);
  const readme = join(root, 'README.md');
  writeFileSync(readme, readmeWith(readFileSync(readme, 'utf8'), recordedIn(file)));
  return readme;
}
