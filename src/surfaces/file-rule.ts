/** Which rule for files holds for a path, whether or not there is a file. */
import { realpathSync } from 'node:fs';
import { posix } from 'node:path';

import { matchFile, ruleName } from '../native/policy.js';
import { compilePolicy } from '../policy/compile.js';
import { EMPTY_POLICY } from '../policy/normalised.js';
import type { FileAnswer, FileRule } from '../policy/normalised.js';
import type { WhyNot } from '../policy/why.js';
import { workingDirectory } from '../run/origin.js';
import { errorName } from './answers.js';
import type { Ask } from './rules.js';

export interface FileFinding {
  /** The path that rules are asked about. */
  readonly path: string | null;
  readonly rule: string | null;
  /** Where the rule was written. */
  readonly origin: string | null;
  /** What the file is said to be, in words; null if no rule holds. */
  readonly answer: string | null;
  /** If no rule holds: those that name the path, and why they do not. */
  readonly whyNot: readonly WhyNot[];
}

/**
 * The path without links, also of what does not exist: then that of the nearest directory that does,
 * and the rest as it was written.
 */
export function wholePath(path: string): string | null {
  const rest: string[] = [];
  const [here] = posix.isAbsolute(path) ? [path] : workingDirectory().map((it) => `${it}/${path}`);
  for (let at = here; at !== undefined;) {
    try {
      return posix.join(realpathSync(at), ...rest);
    } catch {
      const parent = posix.dirname(at);
      if (parent === at) return null;
      rest.unshift(posix.basename(at));
      at = parent;
    }
  }
  return null;
}

function describe(answer: FileAnswer): string {
  if ('redirect' in answer) {
    return answer.tree ? `what lies below ${answer.redirect}` : answer.redirect;
  }
  if ('content' in answer) {
    const from = answer.contentFile === undefined ? '' : ` of ${answer.contentFile}`;
    const { length } = answer.content;
    return `content${from}, ${length === 1 ? '1 byte' : `${length} bytes`}`;
  }
  return 'generate' in answer ? `generated: ${answer.generate}` : 'the real file, lines rewritten';
}

/** Why a rule that names the path does not hold; undefined: it does not name it. */
function whyNot(rule: FileRule, path: string, { program }: Ask, present: boolean): WhyNot[] {
  const bare = { ...rule, except: { programs: [] } };
  const blob = compilePolicy({ ...EMPTY_POLICY, files: [bare] }, rule.id);
  if (matchFile(blob, path, program) === undefined) return [];
  const reason =
    rule.when.missing && present
      ? 'is for where the real file does not exist'
      : `excepts the program ${program ?? ''}`;
  return [{ rule: rule.id, origin: rule.origin, reason }];
}

/** What open(2) and its kin find at the path. */
export function explainFile(ask: Ask): FileFinding {
  const { blob, policy, surfaces, program } = ask;
  const place = surfaces.paths[0];
  // It was another process that asked: what is below /proc/self there is gone.
  const path = wholePath(ask.path);
  const nothing = { path, rule: null, origin: null, answer: null, whyNot: [] };
  if (path === null || policy.files.length === 0) return nothing;
  const missing =
    place?.resolved === null &&
    'error' in place.statfs &&
    errorName(place.statfs.error) === 'ENOENT';
  const number = matchFile(blob, path, program);
  const id = number === undefined ? undefined : ruleName(blob, number);
  const rule = policy.files.find((each) => each.id === id);
  if (rule === undefined || (rule.when.missing && !missing)) {
    return {
      ...nothing,
      whyNot: policy.files.flatMap((each) => whyNot(each, path, ask, !missing)),
    };
  }
  return { ...nothing, rule: rule.id, origin: rule.origin, answer: describe(rule.answer) };
}
