/** Which rule holds for a path on each surface: asked of the compiled policy. */
import { readFileSync } from 'node:fs';

import { messageOf, systemCode } from '../errors.js';
import { matchMounts, MountTable, rewriteTable } from '../native/mounts.js';
import { matchStatfs, ruleName, StatfsField } from '../native/policy.js';
import { hexOf, magicOf, nameOf, spellingOf } from '../policy/filesystems.js';
import { allRules, ANSWER_FIELDS, flagNames, mapFields } from '../policy/normalised.js';
import type { AnswerField, NormalisedPolicy, Rule } from '../policy/normalised.js';
import { whyNoMounts, whyNoStatfs } from '../policy/why.js';
import type { WhyNot } from '../policy/why.js';
import type { Surfaces } from '../run/surfaces.js';
import { errorName, mountinfoLineOf } from './answers.js';
import { mountLines } from './mount-lines.js';

/** What is asked: a path, natively asked about (as the only one), and the policy. */
export interface Ask {
  readonly blob: Uint8Array;
  readonly policy: NormalisedPolicy;
  readonly surfaces: Surfaces;
  readonly path: string;
  /** The program that asks; null: any that no rule excepts. */
  readonly program: string | null;
}

/** The rule that holds, or why none does. */
interface RuleFinding {
  readonly rule: string | null;
  /** Where the rule was written. */
  readonly origin: string | null;
  /** Every rule of this kind, if none holds. */
  readonly whyNot: readonly WhyNot[];
  /** Why there is nothing to ask about (`ENOENT`): the program gets the kernel's own error. */
  readonly error: string | null;
}

export interface StatfsFinding extends RuleFinding {
  /** The real f_type in hexadecimal. */
  readonly type: string | null;
  readonly name: string | null;
  /** What is told instead, by field; as a policy would say it. */
  readonly answer: Readonly<Partial<Record<AnswerField, string>>>;
}

export interface MountsFinding extends RuleFinding {
  /** The line of /proc/self/mountinfo that covers the path, and the same as it is told. */
  readonly line: string | null;
  readonly told: string | null;
  readonly fstype: string | null;
  readonly point: string | null;
  /** Programs that the rule leaves alone. */
  readonly exceptPrograms: readonly string[];
}

export interface OpenFinding {
  /** Which table the path is, or null. */
  readonly table: keyof typeof MountTable | null;
  /** The rules that change it. */
  readonly rules: readonly string[];
  /** Number of its lines that are changed or added. */
  readonly lines: number;
  /** What there is to say, for people. */
  readonly reason: string;
}

const ENOSYS = 38;

const NONE = { rule: null, origin: null, whyNot: [], error: null };

/** The rule with this number, which the matcher gave. */
function ruleAt({ blob, policy }: Ask, number: number): Rule | undefined {
  const name = ruleName(blob, number);
  return allRules(policy).find(({ id }) => id === name);
}

function spell(value: bigint, field: AnswerField): string {
  if (field === 'type') return spellingOf(Number(value));
  return field === 'flags' ? `[${flagNames(value).join(', ')}]` : String(value);
}

/** What statfs(2) and fstatfs(2) of the path answer. */
export function explainStatfs(ask: Ask): StatfsFinding {
  const { blob, policy, surfaces } = ask;
  const place = surfaces.paths[0];
  const nothing = { ...NONE, type: null, name: null, answer: {} };
  if (place === undefined) return nothing;
  if ('error' in place.statfs) return { ...nothing, error: errorName(place.statfs.error) };
  const { type } = place.statfs;
  const found = { ...nothing, type: hexOf(type), name: nameOf(type) ?? null };
  // As in the supervisor: what has no path is matched by no glob.
  const path = place.resolved ?? '';
  const match = matchStatfs(blob, BigInt(type), path);
  if (match === undefined) return { ...found, whyNot: whyNoStatfs(policy, type, path) };
  const values = Object.fromEntries(
    ANSWER_FIELDS.map((field) => [field, match.answer.get(StatfsField[field])]),
  );
  const answer = mapFields(ANSWER_FIELDS, values, spell);
  const origin = ruleAt(ask, match.rule)?.origin ?? null;
  return { ...found, rule: match.name, origin, answer };
}

/** Why the path cannot be looked at, if it cannot. */
function lookError({ paths: [place] }: Surfaces): string | undefined {
  if (place?.resolved !== null || !('error' in place.statfs)) return undefined;
  return errorName(place.statfs.error);
}

/** What mount tables say about the mount that the path lies on. */
export function explainMounts(ask: Ask): MountsFinding {
  const { blob, policy, surfaces, program } = ask;
  const place = surfaces.paths[0];
  const line = place && mountinfoLineOf(surfaces, place);
  const nothing = { line: null, told: null, fstype: null, point: null, exceptPrograms: [] };
  if (line === undefined) {
    const table = surfaces.tables['/proc/self/mountinfo'];
    const unreadable = 'error' in table ? errorName(table.error) : undefined;
    const error = unreadable ?? lookError(surfaces) ?? 'no line covers it';
    return { ...NONE, ...nothing, error };
  }
  const { fstype, point, text } = line;
  const found = { ...NONE, ...nothing, line: text, fstype, point };
  const number = matchMounts(blob, fstype, point, program);
  if (number === undefined) {
    return { ...found, whyNot: whyNoMounts(policy, fstype, point, program) };
  }
  const told = rewriteTable(blob, MountTable.mountinfo, Buffer.from(`${text}\n`), program);
  const rule = ruleAt(ask, number);
  return {
    ...found,
    told: told.toString().trimEnd(),
    rule: rule?.id ?? null,
    origin: rule?.origin ?? null,
    exceptPrograms: policy.mounts.find(({ id }) => id === rule?.id)?.except.programs ?? [],
  };
}

const TABLES: Readonly<Partial<Record<string, keyof typeof MountTable>>> = {
  mounts: 'mounts',
  mtab: 'mounts',
  mountinfo: 'mountinfo',
  mountstats: 'mountstats',
  filesystems: 'filesystems',
};

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Which table a file is: its own name says so, on procfs only; /etc/mtab may be a file. */
function tableAt({ surfaces }: Ask): keyof typeof MountTable | undefined {
  const place = surfaces.paths[0];
  if (place?.resolved == null) return undefined;
  const { resolved, statfs } = place;
  // gVisor before 2023 has no statfs for some files of its procfs.
  const onProc =
    'error' in statfs
      ? statfs.error === ENOSYS && resolved.startsWith('/proc/')
      : statfs.type === magicOf('proc');
  return onProc || resolved === '/etc/mtab' ? TABLES[lastPart(resolved)] : undefined;
}

/** The rules that make the difference between two texts of a table. */
function rulesBehind(
  ask: Ask,
  table: keyof typeof MountTable,
  changed: readonly string[],
): string[] {
  const { blob, policy, program } = ask;
  if (table === 'filesystems') {
    const added = new Set(changed.map((line) => line.split('\t')[1]));
    return policy.mounts
      .filter(({ answer }) => answer.fstype !== undefined && added.has(answer.fstype))
      .map(({ id }) => id);
  }
  const numbers = mountLines(table, changed.join('\n')).map(({ fstype, point }) =>
    matchMounts(blob, fstype, point, program),
  );
  return [...new Set(numbers)].flatMap((number) =>
    number === undefined ? [] : (ruleAt(ask, number)?.id ?? []),
  );
}

/** What open(2) of the path finds. */
export function explainOpen(ask: Ask): OpenFinding {
  const nothing = { table: null, rules: [], lines: 0 };
  const table = tableAt(ask);
  const error = lookError(ask.surfaces);
  if (error !== undefined) {
    return { ...nothing, reason: `the kernel's own answer: ${error}` };
  }
  if (table === undefined) {
    return { ...nothing, reason: 'the real file: it is no mount table' };
  }
  if (TABLES[lastPart(ask.path)] === undefined) {
    const reason = 'the real table: a link that is not called like one is not looked at';
    return { ...nothing, table, reason };
  }
  let text: Buffer;
  try {
    text = readFileSync(ask.path);
  } catch (error) {
    return { ...nothing, table, reason: systemCode(error) ?? messageOf(error) };
  }
  const told = rewriteTable(ask.blob, MountTable[table], text, ask.program);
  const [before, after] = [text, told].map((each) => each.toString().split('\n'));
  const changes = (after ?? []).flatMap((line, index) =>
    line === before?.[index] ? [] : [{ from: before?.[index] ?? '', to: line }],
  );
  const lines = changes.filter(({ to }) => to !== '').length;
  if (lines === 0) return { ...nothing, table, reason: 'the real table: no rule changes a line' };
  const shown = changes.map(({ from, to }) => (table === 'filesystems' ? to : from));
  return {
    table,
    rules: rulesBehind(ask, table, shown),
    lines,
    reason: `a copy of the table with ${lines === 1 ? '1 line' : `${lines} lines`} changed`,
  };
}
