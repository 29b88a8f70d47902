/** From the normalised policy to the blob that the matcher reads. */
import { NativeError } from '../errors.js';
import { E2BIG, EINVAL } from '../native/library.js';
import { PolicyBuilder, StatfsField, UnameField } from '../native/policy.js';
import {
  ANSWER_FIELDS,
  UNAME_FIELDS,
  type MountsRule,
  type NormalisedPolicy,
  type StatfsRule,
  type UnameRule,
} from './normalised.js';
import { PolicyError, type Problem } from './problem.js';
import { columnMagic, isNodev } from './tables.js';

/** What is needed of the native builder. */
export interface RuleSink {
  statfs(name: string): unknown;
  mounts(name: string): unknown;
  uname(name: string): unknown;
  whenType(type: bigint): unknown;
  whenFstype(glob: string): unknown;
  whenPath(glob: string): unknown;
  exceptType(type: bigint): unknown;
  exceptFstype(glob: string): unknown;
  exceptPath(glob: string): unknown;
  exceptProgram(glob: string): unknown;
  answer(field: StatfsField, value: bigint): unknown;
  answerFstype(fstype: string, magic: bigint, nodev: boolean): unknown;
  answerShared(group: number): unknown;
  answerUname(field: UnameField, value: string): unknown;
}

function addStatfs(rule: StatfsRule, to: RuleSink): void {
  to.statfs(rule.id);
  for (const type of rule.when.types) to.whenType(BigInt(type));
  for (const glob of rule.when.paths) to.whenPath(glob);
  for (const type of rule.except.types) to.exceptType(BigInt(type));
  for (const glob of rule.except.paths) to.exceptPath(glob);
  for (const field of ANSWER_FIELDS) {
    const value = rule.answer[field];
    if (value !== undefined) to.answer(StatfsField[field], value);
  }
}

function addMounts(rule: MountsRule, to: RuleSink): void {
  to.mounts(rule.id);
  for (const glob of rule.when.fstypes) to.whenFstype(glob);
  for (const glob of rule.when.paths) to.whenPath(glob);
  for (const glob of rule.except.fstypes) to.exceptFstype(glob);
  for (const glob of rule.except.paths) to.exceptPath(glob);
  for (const glob of rule.except.programs) to.exceptProgram(glob);
  const { fstype, shared } = rule.answer;
  if (fstype !== undefined) to.answerFstype(fstype, BigInt(columnMagic(fstype)), isNodev(fstype));
  if (shared !== undefined) to.answerShared(shared);
}

/** One rule for all fields: the matcher asks one only. */
function addUname(rules: readonly UnameRule[], to: RuleSink): void {
  if (rules.length === 0) return;
  to.uname(rules.map(({ id }) => id).join(', '));
  for (const { answer } of rules) {
    for (const field of UNAME_FIELDS) {
      const value = answer[field];
      if (value !== undefined) to.answerUname(UnameField[field], value);
    }
  }
}

/** Hands every rule to a builder, most important first. */
export function addRules(policy: NormalisedPolicy, to: RuleSink): void {
  for (const rule of policy.statfs) addStatfs(rule, to);
  for (const rule of policy.mounts) addMounts(rule, to);
  addUname(policy.uname, to);
}

/** The fault of a policy that the library will not compile; undefined if the fault is not its own. */
function refusal({ errno, message }: NativeError, name: string): Problem | undefined {
  if (errno === E2BIG) {
    return {
      message: `the policy ${name} takes more than 16 MiB when it is compiled`,
      suggestion: 'name fewer types and paths in a rule: each type takes each path along',
    };
  }
  return errno === EINVAL
    ? { message: `the policy ${name} cannot be compiled: ${message}` }
    : undefined;
}

/**
 * The blob of a policy: position-independent, for this version of the native library. `name` is how
 * messages call it. Throws PolicyError if the library refuses it (a blob over 16 MiB, say),
 * InstallError if the library is missing, NativeError if there is no memory.
 */
export function compilePolicy(policy: NormalisedPolicy, name: string): Uint8Array {
  try {
    const builder = new PolicyBuilder();
    addRules(policy, builder);
    return builder.finish();
  } catch (error) {
    const problem = error instanceof NativeError ? refusal(error, name) : undefined;
    throw problem === undefined ? error : new PolicyError([problem]);
  }
}
