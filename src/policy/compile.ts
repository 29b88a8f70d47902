/** From the normalised policy to the blob that the matcher reads. */
import { NativeError } from '../errors.js';
import { E2BIG, EINVAL } from '../native/library.js';
import { PolicyBuilder, StatfsField } from '../native/policy.js';
import { ANSWER_FIELDS, type NormalisedPolicy, type StatfsRule } from './normalised.js';
import { PolicyError, type Problem } from './problem.js';

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
