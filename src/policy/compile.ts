/** From the normalised policy to the blob that the matcher reads. */
import { PolicyBuilder, StatfsField } from '../native/library.js';
import { ANSWER_FIELDS, type NormalisedPolicy, type StatfsRule } from './normalised.js';

/** What is needed of the native builder. */
export interface RuleSink {
  statfs(name: string): unknown;
  whenType(type: bigint): unknown;
  whenPath(glob: string): unknown;
  exceptType(type: bigint): unknown;
  exceptPath(glob: string): unknown;
  answer(field: StatfsField, value: bigint): unknown;
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

/** Hands every rule to a builder, most important first. */
export function addRules(policy: NormalisedPolicy, to: RuleSink): void {
  for (const rule of policy.statfs) addStatfs(rule, to);
}

/**
 * The blob of a policy: position-independent, for this version of the native library. Throws
 * InstallError if that library is missing, NativeError if it refuses (a blob over 16 MiB, say).
 */
export function compilePolicy(policy: NormalisedPolicy): Uint8Array {
  const builder = new PolicyBuilder();
  addRules(policy, builder);
  return builder.finish();
}
