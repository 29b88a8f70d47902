/**
 * Why a rule does not hold. Nothing is concluded here: the matcher itself is asked again, about the
 * same rule with parts of it left out.
 */
import { matchMounts } from '../native/mounts.js';
import { matchStatfs } from '../native/policy.js';
import { compilePolicy } from './compile.js';
import { KERNEL_TYPES, spellingOf } from './filesystems.js';
import {
  EMPTY_POLICY,
  type MountsRule,
  type NormalisedPolicy,
  type Rule,
  type StatfsRule,
} from './normalised.js';
import { KERNEL_COLUMNS } from './tables.js';

/** A rule that does not hold, and why. */
export interface WhyNot {
  readonly rule: string;
  /** `FILE:LINE`, or the option. */
  readonly origin: string;
  readonly reason: string;
}

/** A rule of one kind, its parts, and how the matcher is asked about it. */
interface Question<R extends StatfsRule | MountsRule> {
  readonly rules: readonly R[];
  holds(rule: R): boolean;
  /** The rule with only this list of each part, by name; the others empty. */
  when(rule: R, part: 'what' | 'paths'): R;
  /** The rule without exceptions, or with these alone. */
  except(rule: R, part?: 'what' | 'paths' | 'programs'): R;
  /** Words for what the rule names. */
  named(rule: R, part: 'what' | 'paths'): readonly string[];
  excepted(part: 'what' | 'paths' | 'programs', rule: R): string;
  /** What it is about: the filesystem, the path. */
  readonly here: Readonly<Record<'what' | 'paths', string>>;
}

/** Words that are shown of a long list. */
const SHOWN = 5;

/** `a, b, c and 4 more`. */
function listed(words: readonly string[]): string {
  const shown = words.slice(0, SHOWN).join(', ');
  return words.length > SHOWN ? `${shown} and ${words.length - SHOWN} more` : shown;
}

const PARTS = ['what', 'paths'] as const;

function reasonsOf<R extends StatfsRule | MountsRule>(rule: R, question: Question<R>): string[] {
  const bare = question.except(rule);
  const missed = PARTS.filter(
    (part) => question.named(rule, part).length > 0 && !question.holds(question.when(bare, part)),
  );
  if (missed.length > 0) {
    return missed.map(
      (part) => `is for ${listed(question.named(rule, part))}, this is ${question.here[part]}`,
    );
  }
  return ([...PARTS, 'programs'] as const)
    .filter((part) => !question.holds(question.except(rule, part)))
    .map((part) => question.excepted(part, rule));
}

function whyNot<R extends StatfsRule | MountsRule>(question: Question<R>): WhyNot[] {
  return question.rules.map((rule) => {
    const reasons = reasonsOf(rule, question);
    const { id, origin } = rule;
    return { rule: id, origin, reason: reasons.join('; and ') };
  });
}

function compiled(rules: Partial<NormalisedPolicy>, { id }: Rule): Uint8Array {
  return compilePolicy({ ...EMPTY_POLICY, ...rules }, id);
}

const KERNEL_ONLY =
  "names no type: memory and the kernel's own filesystems are left to rules that name them";

/** Why no rule of the policy answers a statfs of `path` on a filesystem of `type`. */
export function whyNoStatfs(
  { statfs: rules }: NormalisedPolicy,
  type: number,
  path: string,
): WhyNot[] {
  const nothing = { types: [], paths: [] };
  return whyNot<StatfsRule>({
    rules,
    holds: (rule) =>
      matchStatfs(compiled({ statfs: [rule] }, rule), BigInt(type), path) !== undefined,
    when: (rule, part) => {
      const { types, paths } = rule.when;
      return { ...rule, when: part === 'what' ? { types, paths: [] } : { types: [], paths } };
    },
    except: (rule, part) => {
      const { types, paths } = rule.except;
      if (part === 'what') return { ...rule, except: { ...nothing, types } };
      return { ...rule, except: part === 'paths' ? { ...nothing, paths } : nothing };
    },
    named: ({ when }, part) => (part === 'what' ? when.types.map(spellingOf) : when.paths),
    excepted: (part, { when }) => {
      if (part === 'paths') return `excepts ${path}`;
      const implied = when.types.length === 0 && KERNEL_TYPES.includes(type);
      return implied ? KERNEL_ONLY : `excepts ${spellingOf(type)}`;
    },
    here: { what: spellingOf(type), paths: path },
  });
}

/** Why no rule of the policy changes the line of a mount, as `program` (null: any) reads it. */
export function whyNoMounts(
  { mounts: rules }: NormalisedPolicy,
  fstype: string,
  point: string,
  program: string | null,
): WhyNot[] {
  const nothing = { fstypes: [], paths: [], programs: [] };
  return whyNot<MountsRule>({
    rules,
    holds: (rule) =>
      matchMounts(compiled({ mounts: [rule] }, rule), fstype, point, program) !== undefined,
    when: (rule, part) => {
      const { fstypes, paths } = rule.when;
      return { ...rule, when: part === 'what' ? { fstypes, paths: [] } : { fstypes: [], paths } };
    },
    except: (rule, part) => {
      const { fstypes, paths, programs } = rule.except;
      if (part === undefined) return { ...rule, except: nothing };
      const kept = { what: { fstypes }, paths: { paths }, programs: { programs } }[part];
      return { ...rule, except: { ...nothing, ...kept } };
    },
    named: ({ when }, part) => (part === 'what' ? when.fstypes : when.paths),
    excepted: (part, { when }) => {
      if (part === 'paths') return `excepts the mount point ${point}`;
      if (part === 'programs') return `excepts the program ${program ?? ''}`;
      const implied = when.fstypes.length === 0 && KERNEL_COLUMNS.includes(fstype);
      return implied ? KERNEL_ONLY : `excepts ${fstype}`;
    },
    here: { what: fstype, paths: `the mount point ${point}` },
  });
}
