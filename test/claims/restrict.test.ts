// A program under Landlock is opened nothing for that it could not open itself, wherever it has the
// restriction from; and others go on being answered.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { compile, mechanisms, needsRoot, place, run } from './helpers.js';

const restrict = compile('restrict');
const files = ['rewritten', 'redirected'];
const rules = [
  '{ path: DIR/rewritten, rewrite: [{ match: real, replace: REAL }] }',
  '{ path: DIR/redirected, redirect: DIR/target }',
];
const ways = ['here', 'child', 'orphan', 'adopted', 'sibling', 'thread', 'exec'];
/** Started by an ordinary user all of the tree has what restricts itself, no_new_privs. */
const others = needsRoot === false ? ['before', 'later'] : ['before'];

const { directory, policy } = place(t, 'files', rules);
const at = (name: string): string => path.join(directory, name);
const reset = (): void => {
  for (const name of [...files, 'target']) {
    writeFileSync(at(name), name === 'target' ? 'target\n' : 'real\n');
    chmodSync(at(name), 0o666);
  }
};
reset();
const without = run([restrict, 'here', at('rewritten')]).status === 77;
const skip = without ? 'this kernel has no Landlock' : false;

for (const mechanism of mechanisms) {
  const ask = (how: string): ReturnType<typeof run> => {
    const words = ['exec', '-m', mechanism, '-p', policy, '--', restrict, how];
    return run([seccompSpoof, ...words, ...files.map(at)]);
  };
  for (const how of ways)
    void t.test(`a restriction of its own, ${how}, by ${mechanism}`, { skip }, (t) => {
      reset();
      const { stdout, stderr, status } = ask(how);
      t.same([status, stderr], [0, '']);
      t.equal(stdout.trim(), 'EACCES EACCES EACCES EACCES');
      for (const name of files) t.equal(readFileSync(at(name), 'utf8'), 'real\n', name);
      t.equal(readFileSync(at('target'), 'utf8'), 'target\n');
      t.end();
    });

  for (const how of others)
    void t.test(`a restriction of another one, ${how}, by ${mechanism}`, { skip }, (t) => {
      reset();
      const { stdout, stderr, status } = ask(how);
      t.same([status, stderr], [0, '']);
      t.equal(
        stdout.trim(),
        'REAL EACCES target written',
        'rewritten: writes are refused by default',
      );
      t.equal(readFileSync(at('target'), 'utf8'), 'bad\net\n');
      t.end();
    });
}
