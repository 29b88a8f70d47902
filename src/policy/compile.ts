/** From the normalised policy to the blob that the matcher reads. */
import { NativeError } from '../errors.js';
import { E2BIG, EINVAL } from '../native/library.js';
import {
  FileKind,
  FileOption,
  FileWrites,
  PolicyBuilder,
  StatfsField,
  SysinfoField,
  UnameField,
} from '../native/policy.js';
import {
  ANSWER_FIELDS,
  SYSINFO_FIELDS,
  UNAME_FIELDS,
  type Edit,
  type FileRule,
  type MountsRule,
  type NormalisedPolicy,
  type StatfsRule,
  type SysinfoRule,
  type UnameRule,
} from './normalised.js';
import { PolicyError, type Problem } from './problem.js';
import { columnMagic, isNodev } from './tables.js';

/** What is needed of the native builder. */
export type RuleSink = {
  [Name in Exclude<keyof PolicyBuilder, 'finish'>]: (
    ...words: Parameters<PolicyBuilder[Name]>
  ) => unknown;
};

/** Takes what the builder refuses of a rule, with `FILE:LINE:COLUMN` of it. */
type Report = (origin: string, problem: Problem) => void;

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
  const { fstype, source, shared } = rule.answer;
  if (fstype !== undefined) to.answerFstype(fstype, BigInt(columnMagic(fstype)), isNodev(fstype));
  if (source !== undefined) to.answerSource(source);
  if (shared !== undefined) to.answerShared(shared);
}

/** The expressions of a rule; the library alone can say whether they are any. */
function addEdits(edits: readonly Edit[], to: RuleSink, report: Report): void {
  for (const { match, replace, origin } of edits) {
    try {
      to.fileRewrite(match, replace);
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      const found = JSON.stringify(match);
      if (error.errno === EINVAL) {
        report(origin, {
          message: `${found} is no POSIX extended regular expression`,
          suggestion:
            'close each ( [ and {, or put a backslash before it; there are no back-references; see regex(7)',
        });
      } else if (error.errno === E2BIG) {
        report(origin, {
          message: `${found} is too large an expression`,
          suggestion:
            'repeat less: with every {n} written out it may have some 8000 characters; groups nest 20 deep at most',
        });
      } else {
        throw error;
      }
    }
  }
}

function addAnswer({ id, answer }: FileRule, to: RuleSink, report: Report): void {
  if ('redirect' in answer) {
    to.file(id, FileKind.redirect);
    to.fileBytes(Buffer.from(answer.redirect));
    if (answer.tree) to.fileOption(FileOption.tree, 1n);
  } else if ('content' in answer) {
    to.file(id, FileKind.content);
    to.fileBytes(answer.content);
  } else if ('generate' in answer) {
    to.file(id, FileKind.generated);
    to.fileBytes(Buffer.from(answer.generate));
  } else {
    to.file(id, FileKind.rewrite);
    addEdits(answer.rewrite, to, report);
  }
}

function addFile(rule: FileRule, to: RuleSink, report: Report): void {
  addAnswer(rule, to, report);
  for (const glob of rule.when.paths) to.whenPath(glob);
  for (const glob of rule.except.programs) to.exceptProgram(glob);
  const { writes, filesystem, mode, maxSize } = rule;
  if (writes !== 'refuse') to.fileOption(FileOption.writes, FileWrites[writes]);
  if (rule.when.missing) to.fileOption(FileOption.missing, 1n);
  if (rule.parents) to.fileOption(FileOption.parents, 1n);
  if (rule.scope === 'all') to.fileOption(FileOption.scopeAll, 1n);
  if (filesystem !== undefined) to.fileOption(FileOption.filesystem, BigInt(filesystem));
  if (mode !== undefined) to.fileOption(FileOption.mode, BigInt(mode));
  if (maxSize !== undefined) to.fileOption(FileOption.maxSize, BigInt(maxSize));
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

/** As for uname. */
function addSysinfo(rules: readonly SysinfoRule[], to: RuleSink): void {
  if (rules.length === 0) return;
  to.sysinfo(rules.map(({ id }) => id).join(', '));
  for (const { answer } of rules) {
    for (const field of SYSINFO_FIELDS) {
      const bytes = answer[field];
      if (bytes !== undefined) to.answerSysinfo(SysinfoField[field], BigInt(bytes));
    }
  }
}

/** Hands every rule to a builder, most important first. Expressions that are none are reported. */
export function addRules(policy: NormalisedPolicy, to: RuleSink, report: Report): void {
  for (const rule of policy.statfs) addStatfs(rule, to);
  for (const rule of policy.mounts) addMounts(rule, to);
  for (const rule of policy.files) addFile(rule, to, report);
  addUname(policy.uname, to);
  addSysinfo(policy.sysinfo, to);
}

/** The fault of a policy that the library will not compile; undefined if the fault is not its own. */
function refusal({ errno, message }: NativeError, name: string): Problem | undefined {
  if (errno === E2BIG) {
    return {
      message: `the policy ${name} takes more than 16 MiB when it is compiled`,
      suggestion:
        'name fewer types and paths in a rule (each type takes each path along), or less content',
    };
  }
  return errno === EINVAL
    ? { message: `the policy ${name} cannot be compiled: ${message}` }
    : undefined;
}

/** The place that an origin names. */
function placeOf(origin: string): Pick<Problem, 'file' | 'line' | 'column' | 'path'> {
  const [, file, line, column] = /^(.*):([0-9]+):([0-9]+)$/s.exec(origin) ?? [];
  return file === undefined
    ? { path: origin }
    : { file, line: Number(line), column: Number(column) };
}

/**
 * The blob of a policy: position-independent, for this version of the native library. `name` is how
 * messages call it. Throws PolicyError if the library refuses it (a blob over 16 MiB, say),
 * InstallError if the library is missing, NativeError if there is no memory.
 */
export function compilePolicy(policy: NormalisedPolicy, name: string): Uint8Array {
  const problems: Problem[] = [];
  try {
    const builder = new PolicyBuilder();
    addRules(policy, builder, (origin, problem) => {
      problems.push({ ...placeOf(origin), ...problem });
    });
    // A rule that lacks an expression would only be refused again.
    if (problems.length === 0) return builder.finish();
  } catch (error) {
    const problem = error instanceof NativeError ? refusal(error, name) : undefined;
    if (problem === undefined) throw error;
    problems.push(problem);
  }
  throw new PolicyError(problems);
}
