/** What a rule of `files` says twice, or in contradiction to itself. */
import { generatorSource } from '../../native/policy.js';
import type { Generator } from '../normalised.js';

/** The parts of such a rule that have to do with each other, as they have been read. */
interface Parts {
  readonly path: readonly string[];
  readonly redirect?: string | undefined;
  readonly content?: unknown;
  readonly contentFile?: unknown;
  readonly generate?: Generator | undefined;
  readonly rewrite?: unknown;
  readonly writes?: string | undefined;
  readonly when?: string | undefined;
  readonly parents?: boolean | undefined;
  readonly filesystem?: unknown;
  readonly mode?: unknown;
  readonly maxSize?: unknown;
}

/** A fault, and the key that it is about (none: the rule). */
interface Fault {
  readonly keys: readonly (keyof Parts)[];
  readonly message: string;
  readonly suggestion: string;
}

/** Keys that say what is found at the path: exactly one of them. */
const ANSWERS = ['redirect', 'content', 'contentFile', 'generate', 'rewrite'] as const;

const BELOW = '/**';

function hasWildcards(glob: string): boolean {
  return /[*?]/.test(glob.replace(/\\./gs, ''));
}

function unescaped(glob: string): string {
  return glob.replace(/\\(.)/gs, '$1');
}

function checkAnswers(rule: Parts): Fault[] {
  const [first, ...others] = ANSWERS.filter((key) => rule[key] !== undefined);
  if (first === undefined) {
    const message = `expected exactly one of ${ANSWERS.join(', ')}`;
    return [{ keys: [], message, suggestion: 'write redirect: /dev/null, or content: "1\\n"' }];
  }
  return others.map((key) => ({
    keys: [key],
    message: `a rule has ${first} or ${key}, not both`,
    suggestion: 'remove one of the two',
  }));
}

/** What a redirect cannot say: it leads to a real file, which has all that. */
function checkRedirect(rule: Parts): Fault[] {
  const faults: Fault[] = [];
  const fault = (key: keyof Parts, message: string): void => {
    if (rule[key] !== undefined) faults.push({ keys: [key], message, suggestion: 'remove it' });
  };
  fault('writes', "a redirect has no writes: the target's own permissions decide");
  fault('mode', 'a redirect has no mode: the target has its own');
  fault(
    'filesystem',
    'a redirect has no filesystem: the target has its own, and is open under its own name, too',
  );
  return faults;
}

/** Where a redirect leads: trees, and circles. */
export function checkTarget({ path, redirect = '' }: Pick<Parts, 'path' | 'redirect'>): Fault[] {
  const trees = path.filter((glob) => glob.endsWith(BELOW));
  if (trees.length > 0 && trees.length < path.length) {
    const message = 'some of these paths end in /**, others do not';
    return [{ keys: ['path'], message, suggestion: 'make two rules of it' }];
  }
  return path.flatMap((glob): Fault[] => {
    const tree = glob.endsWith(BELOW);
    const stem = tree ? glob.slice(0, -BELOW.length) : glob;
    if (tree && hasWildcards(stem)) {
      const message = `${glob}: the directory of a tree is one path, no glob`;
      return [{ keys: ['path'], message, suggestion: 'write each directory: [/a/**, /b/**]' }];
    }
    const plain = unescaped(stem);
    const circle = tree
      ? `${redirect}/`.startsWith(`${plain}/`)
      : redirect === plain && !hasWildcards(stem);
    if (!circle) return [];
    const message = `${redirect} lies in ${glob} itself`;
    return [{ keys: ['redirect'], message, suggestion: 'write a path outside of it' }];
  });
}

/** Only what is kept can grow. */
function checkSize(rule: Parts): Fault[] {
  if (rule.maxSize === undefined || rule.writes === 'keep') return [];
  const message = 'maxSize is for files that keep what is written';
  return [{ keys: ['maxSize'], message, suggestion: 'write writes: keep, or remove it' }];
}

function checkFile(rule: Parts): Fault[] {
  const tree = rule.path.find((glob) => glob.endsWith(BELOW));
  const faults: Fault[] = [];
  if (tree !== undefined) {
    const message = `${tree} names a directory and all in it, this rule is about files`;
    faults.push({ keys: ['path'], message, suggestion: `write ${tree}/NAME` });
  }
  if (rule.rewrite === undefined) return faults;
  if (rule.writes === 'keep') {
    const message = 'a file that is rewritten cannot keep writes: it is made of the real one anew';
    faults.push({ keys: ['writes'], message, suggestion: 'write writes: discard' });
  }
  if (rule.when === 'missing') {
    const message = 'there is nothing to rewrite where the file is missing';
    faults.push({ keys: ['when'], message, suggestion: 'write content: for such a file' });
  }
  return faults;
}

/** What is made of another file is made anew each time, and only where that one is. */
function checkSource({ generate, writes, parents }: Parts): Fault[] {
  const source = generate === undefined ? null : generatorSource(generate);
  if (generate === undefined || source === null) return [];
  const faults: Fault[] = [];
  if (writes === 'keep') {
    const message = `${generate} cannot keep writes: it is made of ${source} anew at each open`;
    faults.push({ keys: ['writes'], message, suggestion: 'write writes: discard' });
  }
  if (parents === true) {
    const message = `${generate} is made of ${source} in the same directory, which is there then`;
    faults.push({ keys: ['parents'], message, suggestion: 'remove it' });
  }
  return faults;
}

function checkParents(rule: Parts): Fault[] {
  if (rule.parents !== true) return [];
  const made = rule.content ?? rule.contentFile ?? rule.generate;
  if (rule.when !== 'missing' && made === undefined) {
    const message = 'the real file has its directories: parents is for one that may be missing';
    return [{ keys: ['parents'], message, suggestion: 'write when: missing, or remove it' }];
  }
  return rule.path.flatMap((glob): Fault[] => {
    if (!hasWildcards(glob.slice(0, glob.lastIndexOf('/')))) return [];
    const message = `${glob}: directories with wildcards cannot be invented`;
    return [{ keys: ['parents'], message, suggestion: 'write each directory: /a/{b,c}/file' }];
  });
}

/** Links of procfs: no resolved path has them. */
function checkLinks({ path }: Parts): Fault[] {
  return path.flatMap((glob): Fault[] => {
    const link = /^\/proc\/(self|thread-self)(?=\/|$)/.exec(glob)?.[0];
    if (link === undefined) return [];
    const real = link.endsWith('thread-self') ? '/proc/*/task/*' : '/proc/*';
    const message = `${link} is a link, a resolved path has a number there`;
    return [{ keys: ['path'], message, suggestion: `write ${real}${glob.slice(link.length)}` }];
  });
}

/** Everything that is wrong with how the keys of a rule fit together. */
export function contradictions(rule: Parts): Fault[] {
  const answers = checkAnswers(rule);
  if (answers.length > 0) return answers;
  return [
    ...checkLinks(rule),
    ...(rule.redirect === undefined ? checkFile(rule) : checkRedirect(rule)),
    ...(rule.redirect === undefined ? [] : checkTarget(rule)),
    ...checkSize(rule),
    ...checkSource(rule),
    ...checkParents(rule),
  ];
}
