/** Which rule for files holds for a path, whether or not there is a file. */
import { statSync } from 'node:fs';
import { posix } from 'node:path';

import { generatorSource, matchFile, ruleName } from '../native/policy.js';
import { compilePolicy } from '../policy/compile.js';
import { withoutEffect } from '../policy/effect.js';
import { EMPTY_POLICY } from '../policy/normalised.js';
import type { FileAnswer, FileRule } from '../policy/normalised.js';
import { wholePath } from '../policy/whole-path.js';
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

/** The path from the root, as it was written. */
function absolutePath(path: string): string | undefined {
  if (posix.isAbsolute(path)) return path;
  const [here] = workingDirectory();
  return here === undefined ? undefined : `${here}/${path}`;
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
  if ('rewrite' in answer) return 'the real file, lines rewritten';
  const source = generatorSource(answer.generate);
  return `generated: ${answer.generate}${source === null ? '' : `, of ${source} beside it`}`;
}

/** Why a rule that matches the path does not hold for the file as it is; null: it does. */
function hindrance({ when, answer }: FileRule, path: string, present: boolean): string | null {
  if (when.missing && present) return 'is for where the real file does not exist';
  const name = 'generate' in answer ? generatorSource(answer.generate) : null;
  if (name === null) return null;
  const source = posix.join(posix.dirname(path), name);
  const isFile = statSync(source, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? null : `needs ${source}, which is no file here`;
}

/** Why a rule that names the path does not hold; undefined: it does not name it. */
function whyNot(rule: FileRule, path: string, { program }: Ask, present: boolean): WhyNot[] {
  const bare = { ...rule, except: { programs: [] } };
  const blob = compilePolicy({ ...EMPTY_POLICY, files: [bare] }, rule.id);
  if (matchFile(blob, path, program) === undefined) return [];
  const reason = hindrance(rule, path, present) ?? `excepts the program ${program ?? ''}`;
  return [{ rule: rule.id, origin: rule.origin, reason }];
}

/** The rules that would hold if their paths were not links. */
function whyLinks({ blob, policy }: Ask, asked: string, path: string): WhyNot[] {
  return withoutEffect({ names: [], policy, blob }).flatMap(
    ({ rule, origin, reason, suggestion, link }) => {
      const found = policy.files.find(({ id }) => id === rule);
      if (found === undefined || link === null || origin === null) return [];
      const paths = [link.path, link.leadsTo];
      const alone = { ...found, when: { ...found.when, paths }, except: { programs: [] } };
      const one = compilePolicy({ ...EMPTY_POLICY, files: [alone] }, found.id);
      const isMeant = [asked, path].some((each) => matchFile(one, each, null) !== undefined);
      return isMeant
        ? [{ rule: found.id, origin, reason: `cannot hold: ${reason}; ${suggestion}` }]
        : [];
    },
  );
}

/** What open(2) and its kin find at the path. */
export function explainFile(ask: Ask): FileFinding {
  const { blob, policy, surfaces, program } = ask;
  const place = surfaces.paths[0];
  // It was another process that asked: what is below /proc/self there is gone.
  const asked = absolutePath(ask.path);
  const path = asked === undefined ? null : wholePath(asked);
  const nothing = { path, rule: null, origin: null, answer: null, whyNot: [] };
  if (asked === undefined || path === null || policy.files.length === 0) return nothing;
  const missing =
    place?.resolved === null &&
    'error' in place.statfs &&
    errorName(place.statfs.error) === 'ENOENT';
  const number = matchFile(blob, path, program);
  const id = number === undefined ? undefined : ruleName(blob, number);
  const rule = policy.files.find((each) => each.id === id);
  if (rule === undefined || hindrance(rule, path, !missing) !== null) {
    return {
      ...nothing,
      whyNot: [
        ...policy.files.flatMap((each) => whyNot(each, path, ask, !missing)),
        ...whyLinks(ask, asked, path),
      ],
    };
  }
  return { ...nothing, rule: rule.id, origin: rule.origin, answer: describe(rule.answer) };
}
