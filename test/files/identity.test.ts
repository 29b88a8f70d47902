// One file, one identity: programs that compare stat of a path with fstat of what they have opened
// (cp, install, tar) take a ruled file for what it is, on each mechanism.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { mechanisms, place, run } from '../claims/helpers.js';
import { seccompSpoof } from '../support/paths.js';

const large = `${'line\n'.repeat(30_000)}real\n`;
const files = { small: 'real\n', large, content: 'never seen\n' };
const rules = [
  "{ path: DIR/small, rewrite: [{ match: '^real$', replace: told }] }",
  "{ path: DIR/large, rewrite: [{ match: '^real$', replace: told }] }",
  '{ path: DIR/content, content: "told\\n" }',
  '{ path: DIR/only, content: "told\\n" }',
  "{ path: /proc/version, rewrite: [{ match: '^', replace: 'told ' }] }",
];
const more = ['mounts:', '  - { when: { fstype: proc }, answer: { fstype: told } }'];

for (const mechanism of mechanisms) {
  await t.test(`one file, one identity, by ${mechanism}`, (t) => {
    const { directory, policy } = place(t, 'files', rules, more);
    const copies = path.join(directory, 'copies');
    const exec = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
    const names = [...Object.keys(files), 'only'].map((name) => path.join(directory, name));
    const tables = ['/proc/version', '/proc/self/mountinfo'];
    for (const [name, text] of Object.entries(files))
      writeFileSync(path.join(directory, name), text);
    for (const command of ['cp', 'install']) {
      mkdirSync(copies);
      const { status, stderr } = run([...exec, command, ...names, ...tables, copies]);
      t.equal(stderr, '', command);
      t.equal(status, 0, command);
      const copied = (name: string): string => readFileSync(path.join(copies, name), 'utf8');
      t.equal(copied('small'), 'told\n');
      t.equal(copied('large'), large.replace('real', 'told'));
      t.equal(copied('content'), 'told\n');
      t.equal(copied('only'), 'told\n');
      t.match(copied('version'), /^told Linux /);
      t.match(copied('mountinfo'), / - told /);
      rmSync(copies, { recursive: true });
    }
    // The size in the header is that of stat, the bytes are those of open.
    const archive = run([...exec, 'tar', '-cPf', path.join(directory, 'tar'), ...names]);
    t.equal(archive.stderr, '');
    t.equal(archive.status, 0, 'tar');
    const listed = run(['tar', '-xPOf', path.join(directory, 'tar'), ...names]);
    t.equal(listed.stdout, `told\n${large.replace('real', 'told')}told\ntold\n`);
    t.end();
  });
}
