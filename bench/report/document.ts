// The report in Markdown.
import type { Result, Row, TableName } from '../model.js';
import { isMet, judge, type Judged } from './checks.js';
import { details, escape, table } from './markdown.js';
import { short } from './numbers.js';
import { distinct } from './rows.js';
import { countsTable, fullTable, ratioTable } from './tables.js';
import { targets } from './targets.js';

/** In this order; `what`: the head of the column of rows. */
const sections: Readonly<Record<TableName, { readonly title: string; readonly what: string }>> = {
  calls: { title: 'Calls', what: 'call' },
  programs: { title: 'Whole programs', what: 'program' },
  growth: { title: 'What must not grow', what: 'call' },
  startup: { title: 'From the shell to the command', what: 'command, or part of it' },
  supervisor: { title: 'What stays in memory', what: 'figure' },
  profile: { title: 'System calls of the supervisor', what: 'call' },
};

const section = (title: string, ...parts: readonly string[]): string =>
  [`## ${title}`, ...parts.filter((part) => part !== '')].join('\n\n');

function heading(result: Result): string {
  const { cpu, cpus, memoryGiB, kernel, distribution, node } = result.machine;
  return table(
    ['', ''],
    [
      ['date', result.date.replace('T', ' ').replace(/:\d\d(?:\.\d+)?Z$/u, ' UTC')],
      ['seccomp-spoof', escape(result.version)],
      ['machine', escape(`${cpu}, ${cpus} CPUs, ${memoryGiB} GiB`)],
      ['kernel', escape(`Linux ${kernel}`)],
      ['system', escape(`${distribution}, Node ${node}`)],
      ['repeat', `\`npm ci && npm run bench --${result.quick ? ' --quick' : ''} --report out\``],
    ],
    Infinity,
  );
}

const about = `Ratios are of figures of the same round, the ways taking turns; \`to native\` 2× means twice the time.
In parentheses: the 10th to the 90th percentile of the rounds. Quote ratios, never times: those are this machine's.
[docs/bench.md](../../docs/bench.md) says what is measured.`;

/** What distinguishes a row from others of its name, where that is not as usual. */
function where({ place, driver, threads, pinned }: Row): string {
  return [
    ...(place === 'gvisor' ? ['in gVisor'] : []),
    ...(driver === 'go' ? ['Go'] : []),
    ...(threads > 1 ? [`${threads} threads`] : []),
    ...(pinned ? ['pinned'] : []),
  ].join(', ');
}

/** What the barest loop would get where we are worst, if that is not what we are compared with. */
function ofFloor({ check, verdicts }: Judged, result: Result): string {
  const worst = verdicts[0]?.row;
  if (check.way !== 'notify' || check.base.is === 'toFloor') return '';
  const { verdicts: ofFloor } = judge({ ...check, way: 'floor' }, result);
  const same = ofFloor.find(({ row }) => row.row === worst?.row && row.pinned === worst.pinned);
  return same === undefined ? '' : short(same.figure);
}

function targetLine(judged: Judged, result: Result): string[] {
  const { check, verdicts } = judged;
  const worst = verdicts[0];
  if (worst === undefined) return [escape(check.wording), 'not measured', '', '', ''];
  const failed = verdicts.filter(({ met }) => !met).length;
  const met = isMet(judged) ? 'met' : `**not met** (${failed} of ${verdicts.length})`;
  const at = [worst.row.row, where(worst.row)].filter((part) => part !== '').join('; ');
  return [escape(check.wording), met, short(worst.figure), escape(at), ofFloor(judged, result)];
}

/** Targets and what came of them; rows of gVisor and Go are named, pinned ones too. */
const targetsSection = (result: Result): string =>
  section(
    'Targets',
    table(
      ['target', '', 'worst', 'at', 'the floor there'],
      targets.map((check) => targetLine(judge(check, result), result)),
      Infinity,
    ),
  );

function groupTitle(row: Row): string {
  const driver = { c: 'C', go: 'Go', program: '' }[row.driver];
  return [
    row.place === 'gvisor' ? 'in gVisor' : 'here',
    ...(driver === '' ? [] : [driver]),
    `${row.threads} ${row.threads === 1 ? 'thread' : 'threads'}`,
    row.pinned ? 'pinned to one CPU' : 'not pinned',
  ].join(', ');
}

/** Rows that differ in name and way only; those a reader looks for first come first. */
function groupsOf(rows: readonly Row[]): Row[][] {
  const groups = distinct(rows.map(groupTitle)).map((title) =>
    rows.filter((row) => groupTitle(row) === title),
  );
  const rank = ([row]: readonly Row[]): number =>
    row === undefined
      ? 0
      : Number(row.place === 'gvisor') * 8 +
        Number(row.driver === 'go') * 4 +
        Number(row.threads > 1) * 2 +
        Number(!row.pinned);
  return groups.sort((a, b) => rank(a) - rank(b));
}

function picture(name: string, file: string | undefined): string {
  return file === undefined ? '' : `![${name}](${file})`;
}

/** Tables of one kind: ratios at a glance, then every figure, folded away. */
function tableSection(result: Result, name: TableName, images: Images): string {
  const rows = result.rows.filter(({ table }) => table === name);
  if (rows.length === 0) return '';
  const { title, what } = sections[name];
  if (name === 'profile') return section(title, countsTable(rows));
  const glance = name === 'calls' || name === 'programs';
  const parts = groupsOf(rows).flatMap((group, at) => {
    const [first] = group;
    if (first === undefined) return [];
    const full = fullTable(group, what);
    const head = `${title}: ${groupTitle(first)}`;
    if (!glance) return at === 0 ? [full] : [details(head, full)];
    const isMain = at === 0 || name === 'programs';
    return isMain
      ? [`### ${groupTitle(first)}`, ratioTable(group, what), details('every figure', full)]
      : [details(head, full)];
  });
  const shown = [name, `${name}-gvisor`].map((each) => picture(title, images[each]));
  return section(title, ...shown, ...parts);
}

function waysSection({ ways }: Result): string {
  const lines = Object.entries(ways)
    .filter(([, { version, differs }]) => version !== undefined || differs !== undefined)
    .map(([name, { version, differs }]) => [name, escape(version ?? ''), escape(differs ?? '')]);
  if (lines.length === 0) return '';
  return section(
    'Ways, and what they do differently',
    table(['way', 'version', ''], lines, Infinity),
  );
}

function leftOutSection({ leftOut }: Result): string {
  if (leftOut.length === 0) return section('Left out', 'Nothing.');
  const lines = leftOut.map(({ what, why }) => [escape(what), escape(why)]);
  return section('Left out', table(['what', 'why'], lines, Infinity));
}

/** Files of pictures, by what they show. */
export type Images = Readonly<Record<string, string | undefined>>;

export function report(result: Result, images: Images): string {
  const names = Object.keys(sections) as TableName[];
  const parts = [
    '# What seccomp-spoof costs',
    heading(result),
    ...(result.quick ? ['**A quick run: a first look, not figures to quote.**'] : []),
    about,
    picture('What a call and a program cost', images['summary']),
    targetsSection(result),
    ...names.map((name) => tableSection(result, name, images)),
    waysSection(result),
    leftOutSection(result),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
