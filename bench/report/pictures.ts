// Which figures are shown as pictures. Not all: what is not here is in the report's tables.
import type { Result, Row, Spread } from '../model.js';
import { rounded } from '../statistics.js';
import { amount, byWay, distinct } from './rows.js';
import type { Bar, Line, Panel, Picture } from './svg.js';

const colours: Readonly<Record<string, string>> = {
  native: '#57606a',
  allow: '#afb8c1',
  floor: '#6e7781',
  auto: '#0550ae',
  notify: '#0550ae',
  trace: '#2f81f7',
  ptrace: '#80bfff',
  strace: '#bc4c00',
  proot: '#e16f24',
  syd: '#a475f9',
  sandlock: '#8250df',
  runsc: '#9a6700',
};

const colourOf = (way: string): string => colours[way] ?? '#bf3989';

/** One bar a way, of what the rows have as ratio to native. */
const barsOf = (rows: readonly Row[]): Bar[] =>
  [...rows]
    .sort(byWay)
    .flatMap(({ way, toNative }) =>
      toNative === undefined ? [] : [{ label: way, colour: colourOf(way), spread: toNative }],
    );

function source({ date, version, machine, quick }: Result): string {
  const cpus = `${machine.cpus} CPUs`;
  return `${machine.cpu}, ${cpus}, Linux ${machine.kernel}, ${date.slice(0, 10)}, ${version}${quick ? ', quick' : ''}`;
}

const panelsOf = (rows: readonly Row[], names: readonly string[]): Panel[] =>
  names
    .map((title) => ({ title, bars: barsOf(rows.filter(({ row }) => row === title)) }))
    .filter(({ bars }) => bars.length > 0);

const ratioNote =
  'Time, to the same without anything (1×), log scale; whiskers: 10th to 90th percentile.';

/** Of the table `calls`, those that everything else of it can be guessed from. */
export const callsShown = [
  'getppid',
  'statfs',
  'open, unmatched, existing, absolute',
  'open, virtual',
  'stat, virtual',
];

export const pinnedCalls = ({ rows }: Result): Row[] =>
  rows.filter(
    ({ table, place, driver, threads, pinned }) =>
      table === 'calls' && place === 'here' && driver === 'c' && threads === 1 && pinned,
  );

export const programsOf = ({ rows }: Result, place: Row['place']): Row[] =>
  rows.filter((row) => row.table === 'programs' && row.place === place);

function programPanels(result: Result, place: Row['place']): Panel[] {
  const rows = programsOf(result, place);
  return panelsOf(rows, distinct(rows.map(({ row }) => row)));
}

/** A row at its place on the axis of what grows, with the time that one call takes. */
type Point = readonly [amount: number, row: Row, time: Spread];

/** Of all threads together: the time between the ends of two calls. */
function together({ value, perSecond }: Row): Spread {
  if (perSecond === undefined) return value;
  const { median, p10, p90, rounds } = perSecond;
  return { median: 1e9 / median, p10: 1e9 / p90, p90: 1e9 / p10, rounds };
}

/** How the time of one call grows: to that of the smallest amount, under the same way. */
function growthPanel(title: string, axis: string, all: readonly Point[]): Panel | undefined {
  const lines = distinct(all.map(([, { way }]) => way)).flatMap((way): Line[] => {
    const points = all.filter(([, row]) => row.way === way).sort(([a], [b]) => a - b);
    const first = points[0]?.[2].median;
    if (first === undefined || points.length < 2) return [];
    const scale = (value: number): number => rounded(value / first);
    const scaled = points.map(([x, , { median, p10, p90, rounds }]) => {
      return [x, { median: scale(median), p10: scale(p10), p90: scale(p90), rounds }] as const;
    });
    return [{ label: way, colour: colourOf(way), points: scaled }];
  });
  return lines.length === 0 ? undefined : { title, axis, lines };
}

const growingRules = { statfs: /^statfs, \d+ path rules$/, open: /^open, \d+ rules$/ } as const;
const growingThreads = ['statfs', 'open, unmatched, existing, absolute'] as const;
const linesShown = ['native', 'notify', 'trace'];

function growthPanels(result: Result): Panel[] {
  const shown = result.rows.filter(
    ({ place, way }) => place === 'here' && linesShown.includes(way),
  );
  const rules = Object.entries(growingRules).map(([call, pattern]) => {
    const rows = shown.filter(({ table, row }) => table === 'growth' && pattern.test(row));
    const points = rows.map((row): Point => [amount(row.row) ?? 0, row, row.value]);
    return growthPanel(`${call}: rules that do not match`, 'rules', points);
  });
  const threads = growingThreads.map((call) => {
    const rows = shown.filter(
      ({ table, row, driver, pinned }) =>
        table === 'calls' && row === call && driver === 'c' && !pinned,
    );
    const points = rows.map((row): Point => [row.threads, row, together(row)]);
    return growthPanel(`${call}: threads`, 'threads, not pinned', points);
  });
  return [...rules, ...threads].filter((panel) => panel !== undefined);
}

/** For a README: two calls and two programs. */
function summaryPanels(result: Result): Panel[] {
  const here = programsOf(result, 'here');
  const peers = pinnedCalls(result).filter(({ way }) => way !== 'allow' && way !== 'runsc');
  return [
    ...panelsOf(peers, ['statfs', 'open, unmatched, existing, absolute']),
    ...panelsOf(here, ['tar of /usr/share', 'git status']),
  ];
}

/** By what is put behind the name of the result. Those without a figure are left out. */
export function pictures(result: Result): Readonly<Record<string, Picture>> {
  const from = source(result);
  const one = (title: string, note: string, panels: readonly Panel[]): Picture => ({
    ...{ title, notes: [note, from], columns: 2, panels },
  });
  const all: Record<string, Picture> = {
    summary: one('What a call and a program cost', ratioNote, summaryPanels(result)),
    calls: one(
      'What a call costs, pinned to one CPU',
      `${ratioNote} getppid is never stopped.`,
      panelsOf(pinnedCalls(result), [...callsShown, 'open, mountinfo of 30 mounts']),
    ),
    programs: one('What a whole program costs', ratioNote, programPanels(result, 'here')),
    'programs-gvisor': one(
      'What a whole program costs in gVisor',
      ratioNote,
      programPanels(result, 'gvisor'),
    ),
    growth: one(
      'What must not grow',
      'Time a call, of all threads together, to that with the fewest (1×), log scales; upright: 10th to 90th percentile.',
      growthPanels(result),
    ),
  };
  return Object.fromEntries(Object.entries(all).filter(([, { panels }]) => panels.length > 0));
}
