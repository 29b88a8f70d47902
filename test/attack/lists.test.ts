// Access control lists: who is kept out stays out, and who is let in reads what a rule makes of the file.
import { chmodSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t from 'tap';
import { makePlace, mechanisms, missing, run } from './program.js';
import { user } from './tree.js';

const lists: readonly (readonly [name: string, mode: number, entries: string])[] = [
  ['let-in', 0o600, `u:${user}:r--`],
  ['let-in-to-write', 0o600, `u:${user}:rw-`],
  ['group-let-in', 0o600, 'g:777:r--'],
  ['masked', 0o600, `u:${user}:rw-,m::---`],
  ['masked-in-part', 0o600, `u:${user}:rw-,m::r--`],
  ['kept-out', 0o644, `u:${user}:---`],
  ['group-kept-out', 0o644, 'g:777:---'],
  ['plain', 0o644, 'u::rw-'],
];
const words = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--groups=777', 'sh', '-c'];
const script = 'cat "$1"; echo read $?; : 2>/dev/null <>"$1"; echo opened for both $?';

await t.test('access control lists', { skip: missing() }, (t) => {
  const { directory, policy } = makePlace(t, (directory) => [
    `{ path: '${directory}/rewritten/*', scope: all, rewrite: [{ match: secret, replace: SECRET }], writes: discard }`,
    `{ path: '${directory}/redirected/**', redirect: ${directory}/places, scope: all }`,
  ]);
  for (const kind of ['rewritten', 'redirected', 'places'])
    spawnSync('mkdir', ['-m', '755', path.join(directory, kind)]);
  for (const kind of ['rewritten', 'places'])
    for (const [name, mode, entries] of lists) {
      const file = path.join(directory, kind, name);
      writeFileSync(file, 'secret\n');
      chmodSync(file, mode);
      t.equal(spawnSync('setfacl', ['-m', entries, file]).status, 0);
    }
  for (const [name] of lists) {
    const ask = (kind: string, mechanism?: string): string => {
      const below = mechanism === undefined ? undefined : { mechanism, policy };
      return run([...words, script, 'sh', path.join(directory, kind, name)], below).stdout;
    };
    const native = ask('places');
    for (const mechanism of mechanisms) {
      t.equal(ask('redirected', mechanism), native, `${mechanism}: ${name}, redirected`);
      const rewritten = native.replace('secret', 'SECRET');
      t.equal(ask('rewritten', mechanism), rewritten, `${mechanism}: ${name}, rewritten`);
    }
  }
  t.end();
});
