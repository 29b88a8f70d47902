import { join } from 'node:path';

import t from 'tap';

import {
  checkBlob,
  FileKind,
  FileOption,
  FileWrites,
  matchFile,
  ruleName,
} from '../../src/native/policy.js';
import { addRules, compilePolicy } from '../../src/policy/compile.js';
import { readDocument } from '../../src/policy/document.js';
import { resolvePolicy } from '../../src/policy/index.js';
import { EMPTY_POLICY, type NormalisedPolicy } from '../../src/policy/normalised.js';
import { formatProblem, PolicyError } from '../../src/policy/problem.js';
import { recorder } from './recorder.js';

const HEAD = 'apiVersion: seccomp-spoof/v1\nname: x\nfiles:\n';

function rulesOf(yaml: string): NormalisedPolicy {
  const { file, problems } = readDocument(HEAD + yaml, 'x.yaml', '/');
  t.same(problems, []);
  return file?.rules ?? EMPTY_POLICY;
}

void t.test('rules for files reach the builder', (t) => {
  const { sink, calls } = recorder();
  const policy = rulesOf(`
  - path: '/{a,b}/**'
    redirect: /c
    scope: all
    except: { program: [p, q] }
  - path: /d
    content: "1\\n"
    writes: keep
    when: missing
    parents: true
    filesystem: 0x27e0eb
    mode: "0640"
  - path: /e
    generate: memory-stat
    writes: discard
  - path: /f
    rewrite: [{ match: 'a+', replace: b }, { match: c, replace: '' }]
    mode: "0000"
`);
  addRules(policy, sink, (origin) => {
    t.fail(origin);
  });
  t.same(calls, [
    ['file', 'x/files/1', FileKind.redirect],
    ['fileBytes', '/c'],
    ['fileOption', FileOption.tree, 1n],
    ['whenPath', '/a/**'],
    ['whenPath', '/b/**'],
    ['exceptProgram', 'p'],
    ['exceptProgram', 'q'],
    ['fileOption', FileOption.scopeAll, 1n],
    ['file', 'x/files/2', FileKind.content],
    ['fileBytes', '1\n'],
    ['whenPath', '/d'],
    ['fileOption', FileOption.writes, FileWrites.keep],
    ['fileOption', FileOption.missing, 1n],
    ['fileOption', FileOption.parents, 1n],
    ['fileOption', FileOption.filesystem, 0x27e0ebn],
    ['fileOption', FileOption.mode, 0o640n],
    ['file', 'x/files/3', FileKind.generated],
    ['fileBytes', 'memory-stat'],
    ['whenPath', '/e'],
    ['fileOption', FileOption.writes, FileWrites.discard],
    ['file', 'x/files/4', FileKind.rewrite],
    ['fileRewrite', 'a+', 'b'],
    ['fileRewrite', 'c', ''],
    ['whenPath', '/f'],
    ['fileOption', FileOption.mode, 0n],
  ]);
  t.end();
});

void t.test('the matcher finds them, numbered behind statfs and mounts', (t) => {
  const policy = rulesOf(`
  - { path: '/etc/{hosts,motd}', content: "" }
  - { path: '/srv/**', redirect: /mnt, except: { program: 'run*' } }
statfs: [{ when: { type: 9p }, answer: { type: ext4 } }]
mounts: [{ when: { fstype: 9p }, answer: { fstype: ext4 } }]
uname: { release: "1" }
`);
  const blob = compilePolicy(policy, 'x');
  t.equal(checkBlob(blob), undefined);
  const nameOf = (path: string, program: string | null = null) => {
    const rule = matchFile(blob, path, program);
    return rule === undefined ? undefined : ruleName(blob, rule);
  };
  t.equal(nameOf('/etc/motd'), 'x/files/1');
  t.equal(nameOf('/etc/passwd'), undefined);
  t.equal(nameOf('/srv/a/b'), 'x/files/2');
  t.equal(nameOf('/srv/a/b', 'runc'), undefined);
  t.same(
    [0, 1, 2, 3, 4, 5].map((rule) => ruleName(blob, rule)),
    ['x/statfs/1', 'x/mounts/1', 'x/files/1', 'x/files/2', 'x/uname', undefined],
  );
  t.end();
});

const nested = (depth: number): string => `${'('.repeat(depth)}b${')'.repeat(depth)}`;

const BAD = `${HEAD}
  - path: /a
    rewrite:
      - { match: '(', replace: '' }
      - { match: 'b', replace: '' }
      - match: 'c{2'
        replace: ''
  - path: /b
    rewrite: [{ match: '[', replace: '' }]
  - path: /c
    rewrite:
      - { match: '${nested(20)}', replace: '' }
      - { match: '${nested(21)}', replace: '' }
      - { match: '((a{1,100}){1,100}){1,100}', replace: '' }
      - { match: '(a)b\\1', replace: '' }
`;

void t.test('expressions that are none have a place', async (t) => {
  const root = t.testdir({ 'x.yaml': BAD });
  const advice =
    'close each ( [ and {, or put a backslash before it; there are no back-references; see regex(7)';
  const smaller =
    'repeat less: with every {n} written out it may have some 8000 characters; groups nest 20 deep at most';
  const none = { names: () => [], read: () => undefined, blob: () => undefined, stamp: () => '' };
  const request = {
    policies: ['./x.yaml'],
    fstypes: ['9p=ext4'],
    baseDirectory: root,
    locations: { shipped: none, directories: [] },
  };
  const error: unknown = await resolvePolicy(request).catch((thrown: unknown) => thrown);
  t.ok(error instanceof PolicyError);
  t.same(error instanceof PolicyError ? error.problems.map(formatProblem) : [], [
    `x.yaml:7:18: "(" is no POSIX extended regular expression; ${advice}`,
    `x.yaml:9:16: "c{2" is no POSIX extended regular expression; ${advice}`,
    `x.yaml:12:24: "[" is no POSIX extended regular expression; ${advice}`,
    `x.yaml:16:18: "${nested(21)}" is too large an expression; ${smaller}`,
    `x.yaml:17:18: "((a{1,100}){1,100}){1,100}" is too large an expression; ${smaller}`,
    `x.yaml:18:18: "(a)b\\\\1" is no POSIX extended regular expression; ${advice}`,
  ]);
});

void t.test('content is no text for the builder', (t) => {
  const root = t.testdir({ bytes: '' });
  const text = `${HEAD}  - { path: /a, contentFile: ${join(root, 'bytes')} }\n`;
  const { file } = readDocument(text, 'x.yaml', '/');
  t.equal(checkBlob(compilePolicy(file?.rules ?? EMPTY_POLICY, 'x')), undefined, 'an empty one');
  const rules = rulesOf('  - { path: /a, content: "\\0a\\0" }\n');
  const blob = Buffer.from(compilePolicy(rules, 'x'));
  t.ok(blob.includes(Buffer.from('\0a\0')));
  t.end();
});
