/** `explain` as text for people. */
import { table } from '../command-line/table.js';
import type { WhyNot } from '../policy/why.js';
import type { MountsFinding, StatfsFinding } from '../surfaces/rules.js';
import type { ExplainReport, MechanismFinding } from './explain-report.js';

/** What calls cost: docs/mechanisms.md. */
const COSTS: Readonly<Partial<Record<string, readonly [stopped: string, others: string]>>> = {
  notify: ['one round trip to the supervisor each', 'one run of the filter'],
  trace: ['one ptrace stop each', 'one run of the filter'],
  ptrace: ['two ptrace stops each', 'two ptrace stops as well'],
};

type Row = readonly [label: string, text: string];

function whyNotRows(kind: string, { error, whyNot }: StatfsFinding | MountsFinding): Row[] {
  if (error !== null) return [['told', `the kernel's own answer: ${error}`]];
  const none: Row = ['told', `the truth: no ${kind} rule holds`];
  const why = ({ rule, reason }: WhyNot): Row => ['why not', `${rule} ${reason}`];
  return whyNot.length === 0
    ? [none, ['why not', `the policy has no ${kind} rule`]]
    : [none, ...whyNot.map(why)];
}

function ruleRow(rule: string, origin: string | null): Row {
  return ['rule', origin === null || origin === rule ? rule : `${rule}, from ${origin}`];
}

function statfsRows(finding: StatfsFinding): Row[] {
  const { type, name, rule, origin, answer } = finding;
  const rows: Row[] = type === null ? [] : [['natively', `${name ?? '?'} (${type})`]];
  if (rule === null) return [...rows, ...whyNotRows('statfs', finding)];
  const told = Object.entries(answer).map(([field, value]) => `${field} ${value}`);
  return [...rows, ['told', told.join(', ')], ruleRow(rule, origin)];
}

function mountsRows(finding: MountsFinding): Row[] {
  const { line, told, rule, origin, exceptPrograms } = finding;
  const rows: Row[] = line === null ? [] : [['natively', line]];
  if (rule === null) return [...rows, ...whyNotRows('mounts', finding)];
  const spared: Row[] = exceptPrograms.length === 0 ? [] : [['not for', exceptPrograms.join(', ')]];
  return [...rows, ['told', told ?? ''], ruleRow(rule, origin), ...spared];
}

function openRows({ open, file }: ExplainReport): Row[] {
  const { rule, origin, answer, whyNot } = file;
  if (rule !== null) return [['found', answer ?? ''], ruleRow(rule, origin)];
  return [
    ['found', open.reason],
    ...open.rules.map((each): Row => ['rule', each]),
    ...whyNot.map(({ rule: each, reason }): Row => ['why not', `${each} ${reason}`]),
  ];
}

const inlineRow = (inline: number | string): Row => [
  'inline',
  typeof inline === 'string'
    ? `no: ${inline}`
    : `a program can answer calls by itself, after ${inline} stopped calls (exec --inline)`,
];

function mechanismRows({ name, why, stopped, inline }: MechanismFinding): Row[] {
  const calls: Row = ['stopped', stopped.length === 0 ? 'nothing' : stopped.join(', ')];
  if (name === null) return [['taken', `none: ${why}`], calls];
  const [each, others] = COSTS[name] ?? [];
  const cost: Row[] =
    each === undefined ? [] : [['cost', `${each}; any other call: ${others ?? ''}`]];
  return [['taken', `${name}: ${why}`], calls, ...cost, inlineRow(inline)];
}

/** The report as text, a newline at the end. */
export function formatExplain(report: ExplainReport): string {
  const { path, resolved, policy, program, statfs, mounts, mechanism } = report;
  const leads = resolved === null || resolved === path ? path : `${path}, which is ${resolved}`;
  const parts: readonly (readonly [title: string, rows: readonly Row[]])[] = [
    ['statfs(2), fstatfs(2)', statfsRows(statfs)],
    ['mount tables', mountsRows(mounts)],
    ['open(2), stat(2) and the like', openRows(report)],
    ['mechanism', mechanismRows(mechanism)],
  ];
  const lines = [`path     ${leads}`, `policy   ${policy.join(', ')}`];
  if (program !== null) lines.push(`program  ${program}`);
  for (const [title, rows] of parts) lines.push('', title, ...table(rows));
  return [...lines, ''].join('\n');
}
