// The part of the README that is made from a result.
import type { Result } from '../model.js';
import { escape } from './markdown.js';
import { callsShown, pinnedCalls, programsOf } from './pictures.js';
import { ratioTable } from './tables.js';

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

const programNames = [
  'tar of /usr/share',
  'find | xargs cat',
  'git status',
  'go build',
  'node, many modules',
  'one cat a file',
];

/** Where the README looks for them. */
export const RESULTS = 'bench/results';

/** A result that is recorded under a name; without one, the README says how to make it. */
export interface Recorded {
  readonly name: string;
  readonly result: Result;
}

export function readmeBlock(recorded: Recorded | undefined, pictures: readonly string[]): string {
  if (recorded === undefined) return '`npm run bench` measures it.';
  const { name, result } = recorded;
  const { cpu, cpus, kernel } = result.machine;
  const calls = pinnedCalls(result).filter(({ way }) => way !== 'allow');
  const programs = programsOf(result, 'here');
  const parts = [
    ...(pictures.includes('summary')
      ? [`![Time of calls and programs, to native](${RESULTS}/${name}-summary.svg)`]
      : []),
    `Time, as a multiple of the time without seccomp-spoof or another tool (${escape(cpu)}, ${cpus} CPUs, Linux ${escape(kernel)}, ${result.date.slice(0, 10)};
calls pinned to one CPU). \`floor\` is the barest loop that could answer. [The whole report](${RESULTS}/${name}.md),
[what is measured](docs/bench.md).`,
    ...(calls.length > 0 ? [ratioTable(calls, 'call', callsShown)] : []),
    ...(programs.length > 0 ? [ratioTable(programs, 'program', programNames)] : []),
  ];
  // The README is formatted, and this has to be as it was made.
  return ['<!-- prettier-ignore-start -->', ...parts, '<!-- prettier-ignore-end -->'].join('\n\n');
}

/** The README with this between its markers. */
export function replaceBlock(readme: string, block: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the README has no ${BEGIN} and ${END} after it`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${block}\n\n${readme.slice(end)}`;
}
