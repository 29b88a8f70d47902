/**
 * Rules that cannot hold on this machine. Only what is certain here is said, and only as a warning: a
 * program may run in another root, and what lies below a path may change.
 */
import { statfsSync } from 'node:fs';
import { posix } from 'node:path';

import { matchFile } from '../native/policy.js';
import { KERNEL_TYPES, spellingOf } from './filesystems.js';
import { allRules, type CompiledPolicy, type NormalisedPolicy, type Rule } from './normalised.js';
import { wholePath } from './whole-path.js';

/** A rule that has no effect here. */
export interface WithoutEffect {
  /** Null: the policy as a whole. */
  readonly rule: string | null;
  /** `FILE:LINE`, or the option. */
  readonly origin: string | null;
  readonly reason: string;
  /** What to write instead. */
  readonly suggestion: string;
  /** The path of the rule, and where it leads; null: the reason is another one. */
  readonly link: { readonly path: string; readonly leadsTo: string } | null;
}

/** Paths that are looked at: policies of programs may have thousands. */
const MAX_PATHS = 256;

/** What stands before the first component with a wildcard, and the rest. Globs have no braces here. */
function splitGlob(glob: string): { readonly literal: string; readonly rest: string } {
  const wild = /(?<!\\)(?:\\\\)*[*?]/.exec(glob);
  const end = wild === null ? glob.length : glob.lastIndexOf('/', wild.index);
  return { literal: glob.slice(0, end).replace(/\\(.)/g, '$1'), rest: glob.slice(end) };
}

/** A path as a glob that stands for it alone. */
function quoted(path: string): string {
  return path.replace(/[*?{}\\]/g, '\\$&');
}

/** Where the glob leads, if a link makes that another place. */
function leadingElsewhere(glob: string): string | undefined {
  const { literal, rest } = splitGlob(glob);
  if (literal === '') return undefined;
  const whole = wholePath(literal);
  if (whole === null || whole === posix.normalize(literal)) return undefined;
  // Each program finds itself there.
  return `${quoted(whole)
    .replace(/^\/proc\/\d+(\/task\/)\d+(?=\/|$)/, '/proc/*$1*')
    .replace(/^\/proc\/\d+(?=\/|$)/, '/proc/*')}${rest}`;
}

function pathsOf(rule: Rule): readonly string[] {
  return 'when' in rule ? rule.when.paths : [];
}

function isCovered(
  leadsTo: string,
  { when }: { readonly when: { readonly paths: readonly string[] } },
): boolean {
  return when.paths.includes(leadsTo);
}

function linkOf(rule: Rule, path: string): WithoutEffect | undefined {
  const leadsTo = leadingElsewhere(path);
  // Whoever names both places has thought of it.
  if (leadsTo === undefined || !('when' in rule) || isCovered(leadsTo, rule)) return undefined;
  return {
    rule: rule.id,
    origin: rule.origin,
    reason: `${path} is, or lies below, a symbolic link here, and paths are matched after links are resolved`,
    suggestion: `write ${leadsTo}`,
    link: { path, leadsTo },
  };
}

/** The f_type at the nearest place that exists. */
function typeAt(path: string): number | undefined {
  for (let at = path; ; at = posix.dirname(at)) {
    try {
      return statfsSync(at).type;
    } catch {
      if (at === '/' || at === '.') return undefined;
    }
  }
}

/** A rule without a type, whose path lies where such rules have no say. */
function memoryOf(rule: Rule, kind: 'statfs' | 'mounts'): WithoutEffect | undefined {
  const [path, more] = pathsOf(rule);
  if (path === undefined || more !== undefined) return undefined;
  const { literal, rest } = splitGlob(path);
  // Anything may be mounted below the root.
  if (literal === '' || (kind === 'mounts' && rest !== '')) return undefined;
  const type = typeAt(literal);
  if (type === undefined || !KERNEL_TYPES.includes(type)) return undefined;
  const name = spellingOf(type);
  const key = kind === 'statfs' ? 'type' : 'fstype';
  return {
    rule: rule.id,
    origin: rule.origin,
    reason: `names no ${key}, and ${literal} is on ${name} here: memory and the kernel's own filesystems are left to rules that name them`,
    suggestion: `write when: { ${key}: ${name}, path: ${JSON.stringify(path)} }`,
    link: null,
  };
}

function memoryRules({ statfs, mounts }: NormalisedPolicy): (WithoutEffect | undefined)[] {
  return [
    ...statfs.filter(({ when }) => when.types.length === 0).map((rule) => memoryOf(rule, 'statfs')),
    ...mounts
      .filter(({ when, answer }) => when.fstypes.length === 0 && answer.shared === undefined)
      .map((rule) => memoryOf(rule, 'mounts')),
  ];
}

/** What has no effect on any machine: a policy without rules. */
export function emptyPolicy({ policy }: Pick<CompiledPolicy, 'policy'>): WithoutEffect[] {
  if (allRules(policy).length > 0) return [];
  return [
    {
      rule: null,
      origin: null,
      reason: 'the policy has no rules, so nothing is changed',
      suggestion: 'add a section: statfs, mounts, files, uname or sysinfo',
      link: null,
    },
  ];
}

/** What has no effect here, in the order of the rules. Asks the filesystem once a path. */
export function withoutEffect({ policy, blob }: CompiledPolicy): WithoutEffect[] {
  const rules = allRules(policy);
  if (rules.length === 0) return emptyPolicy({ policy });
  const links = rules
    .flatMap((rule) => pathsOf(rule).map((path) => [rule, path] as const))
    .slice(0, MAX_PATHS)
    .map(([rule, path]) => linkOf(rule, path))
    .filter((found) => found !== undefined)
    // Another rule may be there for the place itself.
    .filter(({ rule, link }) => {
      const isFile = policy.files.some(({ id }) => id === rule);
      return link === null || !isFile || matchFile(blob, link.leadsTo, null) === undefined;
    });
  return [...links, ...memoryRules(policy).filter((found) => found !== undefined)];
}

/** One line of it. */
export function describeWithoutEffect({ rule, origin, reason, suggestion }: WithoutEffect): string {
  const place = origin === null || origin === rule ? '' : `${origin}: `;
  const subject = rule === null ? '' : `rule ${rule} cannot hold: `;
  return `${place}${subject}${reason}; ${suggestion}`;
}
