// Policies at random (fast-check): a file is refused with the place of each fault, or compiled to a blob
// that the library takes, and the rules hold where what was written says. Never an internal error. SEED=n
// makes others, POLICIES=n more.
import fc from 'fast-check';
import { resolve } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { matchMounts } from '../../src/native/mounts.js';
import { checkBlob, matchFile, matchStatfs, ruleName } from '../../src/native/policy.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { KERNEL_TYPES } from '../../src/policy/filesystems.js';
import { PolicyLoader } from '../../src/policy/load.js';
import { fileOf } from '../../src/policy/locations.js';
import type { NamedPolicy } from '../../src/policy/normalised.js';
import { PolicyError } from '../../src/policy/problem.js';
import { KERNEL_COLUMNS } from '../../src/policy/tables.js';

const policies = Number(process.env['POLICIES'] ?? 1500);
const seeds = [16, Number(process.env['SEED'] ?? 17)];

const path = './policy.yaml';
const { path: file } = fileOf(path, resolve('.'), '');
const nowhere = {
  shipped: { names: () => [], read: () => undefined, blob: () => undefined, stamp: () => '' },
  directories: [],
};

/** The policy, or the faults that its text has. Any other error is one of ours. */
function load(text: string): { named: NamedPolicy; blob: Uint8Array } | PolicyError {
  const known = { path: file, text: Buffer.from(text) };
  try {
    const loader = new PolicyLoader(nowhere, { known, insecure: true });
    const named = loader.load(path, resolve('.'));
    return { named, blob: compilePolicy(named.policy, named.name) };
  } catch (error) {
    if (error instanceof PolicyError) return error;
    throw error;
  }
}

function judge(text: string): void {
  const result = load(text);
  if (!(result instanceof PolicyError)) {
    const fault = checkBlob(result.blob);
    if (fault !== undefined) throw new Error(`a compiled policy is refused: ${fault}`);
    return;
  }
  if (result.problems.length === 0) throw new Error('refused without a fault');
  for (const { file: where, line, column, message } of result.problems) {
    if (message === '') throw new Error('a fault without words');
    if (where === undefined || line === undefined || column === undefined)
      throw new Error(`a fault without a place: ${message}`);
    if (line < 1 || column < 1 || line > text.split('\n').length + 1)
      throw new Error(`no such place: ${line}:${column}: ${message}`);
  }
}

/* ---- policies of sound parts ---- */

const TYPES = { '9p': 0x01021997, fuse: 0x65735546, ext4: 0xef53, tmpfs: 0x01021994 } as const;
type TypeName = keyof typeof TYPES;
const typeName = fc.constantFrom<TypeName[]>('9p', 'fuse', 'ext4', 'tmpfs');
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 3 });

const component = fc.constantFrom(
  'a',
  'b',
  'ab',
  '*',
  'a*',
  '?',
  '?b',
  '**',
  '{a,b}',
  'a{,b}',
  '\\*',
);
const glob = some(component).map((parts) => `/${parts.join('/')}`);
const plain = fc.array(fc.constantFrom('a', 'b', 'ab', 'bb', '*'), { maxLength: 4 });
const asked = plain.map((parts) => `/${parts.join('/')}`);

const statfs = fc.record(
  {
    when: fc.record({ type: some(typeName), path: some(glob) }, { requiredKeys: [] }),
    except: fc.record({ type: some(typeName), path: some(glob) }, { requiredKeys: [] }),
    answer: fc.record({ type: typeName, blocks: fc.nat() }),
  },
  { requiredKeys: ['when', 'answer'] },
);
const program = fc.constantFrom('df', 'd*', 'x?');
const mounts = fc.record(
  {
    when: fc.record(
      { fstype: some(fc.oneof(typeName, fc.constantFrom('fuse.*', '*p'))), path: some(glob) },
      { requiredKeys: [] },
    ),
    except: fc.record(
      { fstype: some(typeName), path: some(glob), program: some(program) },
      { requiredKeys: [] },
    ),
    answer: fc.record(
      { fstype: typeName, source: fc.constantFrom('/dev/a'), shared: fc.nat({ max: 9 }) },
      { requiredKeys: ['fstype'] },
    ),
  },
  { requiredKeys: ['when', 'answer'] },
);
const files = fc.record(
  {
    path: some(glob),
    content: fc.string(),
    except: fc.record({ program: some(program) }),
  },
  { requiredKeys: ['path', 'content'] },
);
const document = fc.record({
  apiVersion: fc.constant('seccomp-spoof/v1'),
  name: fc.constant('p'),
  statfs: fc.array(statfs, { maxLength: 4 }),
  mounts: fc.array(mounts, { maxLength: 4 }),
  files: fc.array(files, { maxLength: 4 }),
});

/* ---- what rules mean, by what docs/policy.md says ---- */

function expand(text: string): string[] {
  const [whole, before = '', inner = '', after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(text) ?? [];
  if (whole === undefined) return [text];
  return inner.split(',').flatMap((each) => expand(before + each + after));
}

/** `**` between slashes stands for any number of components, none as well. */
function fits(pattern: string, text: string): boolean {
  const source = pattern.replace(/\/\*\*(?=\/|$)|\\.|[*?.]/g, (part) => {
    if (part === '/**') return '(?:/.*)?';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : part === '.' ? '\\.' : part;
  });
  return new RegExp(`^${source}$`, 's').test(text);
}

function word(pattern: string, text: string): boolean {
  return new RegExp(
    `^${pattern.replaceAll('.', '\\.').replaceAll('?', '.').replaceAll('*', '.*')}$`,
  ).test(text);
}

const literals = (pattern: string): number =>
  pattern.replace(/\\(.)/g, 'x').replace(/[*?]/g, '').length;

/** Undefined: it does not hold. Without a list 0, else 1 and one for each literal of the best glob. */
function worth(
  list: readonly string[] | undefined,
  text: string,
  match: (pattern: string, text: string) => boolean,
): number | undefined {
  if (list === undefined) return 0;
  const found = list.flatMap(expand).filter((pattern) => match(pattern, text));
  return found.length === 0 ? undefined : Math.max(...found.map((p) => 1 + literals(p)));
}

const excepted = (
  list: readonly string[] | undefined,
  text: string,
  match: (pattern: string, text: string) => boolean,
): boolean => list !== undefined && worth(list, text, match) !== undefined;

/** The index of the best one; of equals the first. */
function best(worths: readonly (readonly [number, number] | undefined)[]): number | undefined {
  let found: number | undefined;
  let top: readonly [number, number] = [-1, -1];
  worths.forEach((each, index) => {
    if (each === undefined || each[0] < top[0] || (each[0] === top[0] && each[1] <= top[1])) return;
    found = index;
    top = each;
  });
  return found;
}

type Document = typeof document extends fc.Arbitrary<infer D> ? D : never;
interface Question {
  readonly type: TypeName;
  readonly path: string;
  readonly program: string;
}

function statfsWorth(
  { when, except }: Document['statfs'][number],
  { type, path: of }: Question,
): readonly [number, number] | undefined {
  const path = worth(when.path, of, fits);
  const untyped = when.type === undefined;
  if (path === undefined || when.type?.includes(type) === false) return undefined;
  if (untyped && KERNEL_TYPES.includes(TYPES[type])) return undefined;
  if (except?.type?.includes(type) === true || excepted(except?.path, of, fits)) return undefined;
  return [path, untyped ? 0 : 1];
}

function mountsWorth(
  { when, except }: Document['mounts'][number],
  { type, path: point, program: reader }: Question,
): readonly [number, number] | undefined {
  const path = worth(when.path, point, fits);
  const fstype = worth(when.fstype, type, word);
  if (path === undefined || fstype === undefined) return undefined;
  if (when.fstype === undefined && KERNEL_COLUMNS.includes(type)) return undefined;
  if (excepted(except?.fstype, type, word) || excepted(except?.path, point, fits)) return undefined;
  return excepted(except?.program, reader, word) ? undefined : [path, fstype];
}

function filesWorth(
  { path: globs, except }: Document['files'][number],
  { path: of, program: reader }: Question,
): readonly [number, number] | undefined {
  const path = worth(globs, of, fits);
  return path === undefined || excepted(except?.program, reader, word) ? undefined : [path, 0];
}

/** The index in its section of the rule with this number. */
function indexOf(blob: Uint8Array, rule: number | undefined): number | undefined {
  const name = rule === undefined ? undefined : ruleName(blob, rule);
  const number = /\/([0-9]+)(?:~[0-9]+)?$/.exec(name ?? '')?.[1];
  return number === undefined ? undefined : Number(number) - 1;
}

function agree(written: Document, question: Question): boolean {
  const result = load(stringify(written));
  if (result instanceof PolicyError) return false;
  const { blob } = result;
  const { type, path: of, program: reader } = question;
  const answers = {
    statfs: indexOf(blob, matchStatfs(blob, BigInt(TYPES[type]), of)?.rule),
    mounts: indexOf(blob, matchMounts(blob, type, of, reader)),
    files: of === '/' ? undefined : indexOf(blob, matchFile(blob, of, reader)),
  };
  const expected = {
    statfs: best(written.statfs.map((rule) => statfsWorth(rule, question))),
    mounts: best(written.mounts.map((rule) => mountsWorth(rule, question))),
    files: of === '/' ? undefined : best(written.files.map((rule) => filesWorth(rule, question))),
  };
  for (const section of ['statfs', 'mounts', 'files'] as const)
    if (answers[section] !== expected[section])
      throw new Error(`${section}: rule ${answers[section]}, not ${expected[section]}`);
  return true;
}

/* ---- the tests ---- */

/** One place of a text is cut out, doubled, or becomes something else. */
const damaged = fc
  .tuple(
    document,
    fc.nat(),
    fc.nat({ max: 12 }),
    fc.constantFrom(
      '',
      ': ',
      '- ',
      '[',
      '{',
      '"',
      '\t',
      '&a ',
      '*a',
      '!!map ',
      '\0',
      '\ufeff',
      '0x',
      '~',
      '\n',
    ),
  )
  .map(([written, at, length, put]) => {
    const text = stringify(written);
    const place = at % (text.length + 1);
    return text.slice(0, place) + put + text.slice(place + length);
  });
const anyYaml = fc.object({ maxDepth: 3 }).map((value) => stringify(value));
/** Right keys with wrong values. */
const wrong = fc
  .tuple(
    document,
    fc.constantFrom(
      'apiVersion',
      'name',
      'extends',
      'remove',
      'parameters',
      'statfs',
      'mounts',
      'files',
      'uname',
      'sysinfo',
    ),
    fc.anything(),
  )
  .map(([written, key, value]) => JSON.stringify({ ...written, [key]: value }));

for (const seed of seeds) {
  const settings = { seed, numRuns: policies };
  await t.test(`faults have a place, seed ${seed}`, (test) => {
    fc.assert(
      fc.property(fc.oneof(damaged, wrong, anyYaml, fc.string({ unit: 'binary' })), judge),
      settings,
    );
    test.pass(`${policies} texts`);
    test.end();
  });
  await t.test(`rules hold where they say, seed ${seed}`, (test) => {
    let compiled = 0;
    const question = fc.record({
      type: typeName,
      path: asked,
      program: fc.constantFrom('df', 'xy', 'cat'),
    });
    fc.assert(
      fc.property(document, question, (written, each) => {
        if (agree(written, each)) compiled++;
      }),
      settings,
    );
    test.ok(compiled * 10 > policies, `${compiled} of ${policies} were compiled`);
    test.end();
  });
}
