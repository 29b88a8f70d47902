// What files rules do besides content: rewritten lines, trees, exceptions, scopes, writes that are
// discarded or refused; on each mechanism.
import t from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { gvisorPlaces, runHere } from './places.js';
import { quote } from '../support/shell.js';

const policy = (directory: string): string =>
  [
    'apiVersion: seccomp-spoof/v1',
    'name: kinds',
    'files:',
    `  - path: ${directory}/conf`,
    '    rewrite:',
    "      - { match: '^(name) *=.*$', replace: '\\1=told' }",
    "      - { match: 'b+', replace: '<\\0>' }",
    '    writes: discard',
    `  - { path: ${directory}/tree/**, redirect: ${directory}/real/deep }`,
    `  - path: ${directory}/{one,two}/*.txt`,
    '    content: "by a glob\\n"',
    '    except: { program: [head] }',
    `  - { path: ${directory}/discarded, content: "as it was\\n", writes: discard, mode: "0666" }`,
    `  - { path: ${directory}/refused, content: "as it is\\n" }`,
    `  - { path: ${directory}/there, content: "never\\n", when: missing }`,
    `  - { path: ${directory}/inside, content: "only here\\n" }`,
    `  - { path: ${directory}/everywhere, content: "everywhere\\n", scope: all }`,
    '',
  ].join('\n');

/** One `NAME: WHAT` a line. */
const ask = `
say() { echo "$1: $(cat 2>&1 | tr '\\n' '|' | sed 's/cat: //;s/|$//')"; }
cat conf | say rewritten
echo lost >>conf; cat conf | say 'after a write'
wc -l <real/conf-link | say 'lines of the real one'
cat tree/file tree/sub/file 2>&1 | say 'a tree'
cat tree/missing 2>&1 | sed 's/.*: //' | say 'missing in the tree'
echo made >tree/file && cat real/deep/file | say 'written through the tree'
cat one/a.txt two/b.txt | say 'a glob'
cat one/a.text 2>&1 | sed 's/.*: //' | say 'what the glob does not match'
head -n 1 one/a.txt 2>&1 | sed 's/.*: //' | say 'an excepted program'
echo changed >discarded; cat discarded | say 'a discarded write'
{ echo changed >refused; } 2>/dev/null; cat refused | say 'a refused write'
cat there | say 'where there is one'
cat inside everywhere | say 'both scopes'
`;

const answers = [
  'rewritten: name=told|a<bb>c',
  'after a write: name=told|a<bb>c',
  'lines of the real one: 2',
  'a tree: deep|deeper',
  'missing in the tree: No such file or directory',
  'written through the tree: made',
  'a glob: by a glob|by a glob',
  'what the glob does not match: No such file or directory',
  'an excepted program: No such file or directory',
  'a discarded write: as it was',
  'a refused write: as it is',
  'where there is one: real',
  'both scopes: only here|everywhere',
];

const apart = `
unshare --mount sh -c 'cat inside 2>&1' | sed 's/.*: //' | say 'another mount namespace'
unshare --mount sh -c 'cat everywhere' | say 'scope all'
`;
const apartAnswers = [
  'another mount namespace: No such file or directory',
  'scope all: everywhere',
];

const script = (directory: string, policyFile: string, mechanism: string, more: string): string =>
  [
    'set -e',
    `cd ${directory}`,
    'mkdir one two real real/deep real/deep/sub',
    "printf 'name = true\\nabbc\\n' >conf; ln -s ../conf real/conf-link",
    'echo deep >real/deep/file; echo deeper >real/deep/sub/file; echo real >there',
    `exec ${quote(seccompSpoof)} exec -m ${mechanism} --policy ${policyFile} -- sh -c ${quote(ask + more)}`,
  ].join('\n');

const asRoot = process.getuid?.() === 0;

for (const mechanism of ['notify', 'trace', 'ptrace']) {
  await t.test(`here, by ${mechanism}`, (t) => {
    const { status, stdout, stderr } = runHere(t, policy, (place, file) =>
      script(place, file, mechanism, asRoot ? apart : ''),
    );
    t.equal(stderr, '');
    t.equal(status, 0);
    t.same(stdout.trimEnd().split('\n'), [...answers, ...(asRoot ? apartAnswers : [])]);
    t.end();
  });
}

for (const { name, skip, run } of await gvisorPlaces()) {
  for (const mechanism of ['trace', 'ptrace']) {
    await t.test(`${name}, by ${mechanism}`, { skip }, async (t) => {
      const { status, stdout } = await run(policy, (place, file) =>
        script(place, file, mechanism, ''),
      );
      t.equal(status, 0);
      t.same(stdout.trimEnd().split('\n'), answers);
    });
  }
}
