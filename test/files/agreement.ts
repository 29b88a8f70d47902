// What calls that name a file by its path say of files that only rules make, against the same files
// made for real: the policy, the shell script that asks on whatever lane runs it, the comparison.
import path from 'node:path';
import type { Test } from 'tap';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';

const border = '=== next run ===';

export type Variant = 'static' | 'dynamic' | 'i386';

export type Mechanism = 'notify' | 'trace' | 'ptrace';

/** Everything happens below `directory`, which is there, empty, and open to all. */
export function policy(directory: string): string {
  const rule = (name: string, ...lines: readonly string[]): readonly string[] => [
    `  - path: ${directory}/ruled/${name}`,
    ...lines.map((line) => `    ${line}`),
  ];
  const content = (name: string, ...lines: readonly string[]): readonly string[] =>
    rule(name, `content: "${path.basename(name)}\\n"`, ...lines);
  return [
    'apiVersion: seccomp-spoof/v1',
    'name: agreement',
    'files:',
    ...content('plain/content'),
    ...content('plain/over'),
    ...content('plain/kept', 'writes: keep'),
    ...rule('plain/program', 'content: "#!/bin/true\\n"', 'mode: "0755"'),
    ...content('plain/secret', 'mode: "0400"'),
    ...content('plain/missing', 'when: missing'),
    ...rule('plain/present', 'content: "never\\n"', 'when: missing'),
    ...rule('plain/generated', 'generate: zero-per-cpu'),
    ...rule('plain/rewritten', 'rewrite: [{ match: B, replace: A }]'),
    ...rule('plain/redirected', `redirect: ${directory}/ruled/target/file`),
    ...rule('plain/nowhere', `redirect: ${directory}/ruled/target/none`),
    ...content('made/up/deep', 'parents: true'),
    ...rule('tree/**', `redirect: ${directory}/ruled/target/tree`),
    // In a chroot, where the others do not hold.
    '  - path: /plain/content',
    '    content: "content\\n"',
    '    scope: all',
    // What no real file is like.
    ...content('plain/refused', 'mode: "0644"'),
    ...content('plain/discarded', 'writes: discard'),
    ...content('plain/typed', 'filesystem: proc'),
    ...rule('plain/longer', 'rewrite: [{ match: B, replace: ABCD }]'),
    '',
  ].join('\n');
}

/** What is asked: of real files and of those of rules. */
const questions = ['ask', 'ask 65534', 'root', 'change', 'mixed', 'namespace'] as const;

/** Prints the answers for real files, then by each mechanism those for the files of rules. */
export function script(
  directory: string,
  mechanisms: readonly Mechanism[],
  variant: Variant,
  policyFile: string,
): string {
  const subject = quote(path.join(testBuild, variant, 'agreement'));
  const fresh = (tree: string): readonly string[] => [
    `echo '${border}'`,
    `rm -rf ${directory}/${tree}; mkdir ${directory}/${tree}; cd ${directory}/${tree}`,
    `${subject} tree ${tree}`,
  ];
  const ask = (tree: string, before: string, words: string): readonly string[] => [
    ...fresh(tree),
    `${before} ${subject} ${words} 2>&1 || echo "status $?"`,
  ];
  return [
    'set -e',
    'umask 022',
    ...questions.flatMap((words) => ask('real', '', words)),
    ...mechanisms.flatMap((mechanism) =>
      [...questions, 'special'].flatMap((words) =>
        ask(
          'ruled',
          `${quote(seccompSpoof)} exec -m ${mechanism} --policy ${policyFile} --`,
          words,
        ),
      ),
    ),
    'cd /',
  ].join('\n');
}

/** docs/limits.md: a directory that only a rule makes cannot be opened. */
const isDocumented = (line: string): boolean => /^open made(?:\/up)?(?:\/\.?)? /.test(line);

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => !isDocumented(line));
}

/** No real file is like that. `proc`: what the kernel calls it. */
function expectedSpecial(): readonly string[] {
  const refused = [
    'truncate-3 plain/refused ret=-1 errno=13',
    'open plain/refused refused',
    'statx plain/refused mode=100644 links=1 uid=0 gid=0 size=8',
  ];
  const discarded = (result: string): readonly string[] => [
    `truncate-3 plain/discarded ${result}`,
    'open plain/discarded discarded',
    'statx plain/discarded mode=100644 links=1 uid=0 gid=0 size=10',
  ];
  return [
    ...refused,
    ...discarded('ret=0 errno=0'),
    'truncate-3 plain/longer ret=-1 errno=13',
    'open plain/longer ABCD',
    'statx plain/longer mode=100644 links=1 uid=0 gid=0 size=5',
    'compare plain/content inode same, type same',
    'compare plain/redirected inode same, type same',
    'compare plain/typed inode same, type same',
    'compare plain/rewritten inode same, type same',
    'compare plain/longer inode same, type same',
    'type plain/typed 0x9fa0',
    ...refused,
    ...discarded('ret=-1 errno=13'),
    '',
  ];
}

/** Each mechanism has to say of the files of rules what the kernel said of real ones. */
export function compare(t: Test, output: string, mechanisms: readonly Mechanism[]): void {
  const runs = output.split(`${border}\n`).slice(1);
  const native = runs.slice(0, questions.length).map(lines);
  t.equal(
    runs.length,
    native.length + mechanisms.length * (questions.length + 1),
    'every run ended',
  );
  t.ok((native[0]?.length ?? 0) > 1500, 'much was asked');
  for (const [number, mechanism] of mechanisms.entries()) {
    const wrapped = runs.slice(questions.length + number * (questions.length + 1));
    for (const [place, words] of questions.entries()) {
      const found = lines(wrapped[place] ?? '');
      const differing = (native[place] ?? []).flatMap((line, at) =>
        found[at] === line ? [] : [`real: ${line}`, `rule: ${found[at] ?? 'nothing'}`],
      );
      t.same(differing.slice(0, 40), [], `${mechanism}: ${words}`);
      t.equal(found.length, native[place]?.length, `${mechanism}: ${words}: as many lines`);
    }
    const special = (wrapped[questions.length] ?? '').split('\n');
    t.same(special, expectedSpecial(), `${mechanism}: what no real file is like`);
  }
}
