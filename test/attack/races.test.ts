// All that a path goes by is exchanged while rules are looked for and files are opened: whoever wins,
// nothing is gained.
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t, { type Test } from 'tap';
import { compile, makePlace, mechanisms, missing, run } from './program.js';
import { stateOf, user } from './tree.js';

const rules = (directory: string): readonly string[] => [
  `{ path: '${directory}/{own,own/mine,closed}/lines', scope: all, rewrite: [{ match: secret, replace: SECRET }], writes: discard }`,
  `{ path: '${directory}/ruled/**', redirect: ${directory}/own, scope: all }`,
];

function fill(directory: string): void {
  const own = path.join(directory, 'own');
  for (const name of ['own', 'own/mine', 'closed', 'ruled']) mkdirSync(path.join(directory, name));
  const files: readonly (readonly [string, number, number])[] = [
    ['own/mine/file', 0o600, user],
    ['own/mine/lines', 0o600, user],
    ['own/file', 0o600, user],
    ['own/other-lines', 0o600, user],
    ['closed/file', 0o644, 0],
    ['closed/lines', 0o644, 0],
    ['public', 0o600, 0],
  ];
  for (const [name, mode, uid] of files) {
    const file = path.join(directory, name);
    writeFileSync(file, uid === 0 ? 'secret\n' : 'own\n');
    chownSync(file, uid, uid);
    chmodSync(file, mode);
  }
  const links: readonly (readonly [string, string])[] = [
    ['link', 'mine/file'],
    ['other-link', '../closed/file'],
    ['place', 'mine'],
    ['other-place', '../closed'],
    ['lines', '../closed/lines'],
    ['denied', '../public'],
  ];
  for (const [name, to] of links) {
    symlinkSync(to, path.join(own, name));
    lchownSync(path.join(own, name), user, user);
  }
  chmodSync(path.join(directory, 'closed'), 0o700);
  for (const name of ['own', 'own/mine']) chownSync(path.join(directory, name), user, user);
  spawnSync('setfattr', ['-n', 'user.note', '-v', 'secret', path.join(directory, 'closed/file')]);
}

function attack(t: Test, mechanism?: string): void {
  const program = compile('races', 'races.c');
  const { directory, policy } = makePlace(t, rules);
  fill(directory);
  const kept = (): readonly (readonly [string, string])[] =>
    [...stateOf(directory)].filter(([name]) => /^(closed|public|ruled)/.test(name));
  const before = kept();
  const below = mechanism === undefined ? undefined : { mechanism, policy };
  const place = mechanism === undefined ? 'own' : 'ruled';
  const { stdout, status } = run([program, directory, place], below);
  t.equal(status, 0);
  t.equal(stdout, 'gains: 0, some won, some lost\n', mechanism ?? 'natively');
  t.same(kept(), before, 'nothing of root was changed');
}

await t.test('races', { skip: missing() }, (t) => {
  for (const mechanism of [undefined, ...mechanisms]) attack(t, mechanism);
  t.end();
});
