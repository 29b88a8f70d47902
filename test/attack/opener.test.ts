// What the kernel opens by who opens it, whatever their rights: a device that the program's cgroup may not
// have, files that show the program's own namespaces. Nobody opens them in its place.
import { mkdirSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t, { type Test } from 'tap';
import { readLines } from './oracle.js';
import { compile, makePlace, mechanisms, missing, run } from './program.js';

const shown: readonly (readonly [name: string, to: string])[] = [
  ['shm', '/proc/sysvipc/shm'],
  ['ttl', '/proc/sys/net/ipv4/ip_default_ttl'],
  ['shmmni', '/proc/sys/kernel/shmmni'],
  ['keys', '/proc/keys'],
];
const ruleKinds: Readonly<Record<string, (directory: string) => readonly string[]>> = {
  'a redirect': (directory) => [
    `{ path: '${directory}/ruled/**', redirect: ${directory}/real, scope: all }`,
  ],
  'rewritten files': () =>
    shown.map(([, to]) => `{ path: ${to}, scope: all, rewrite: [{ match: '^', replace: 'x' }] }`),
};

function attack(t: Test, kind: string, mechanism?: string): ReadonlyMap<string, string> {
  const program = compile('opener', 'opener.c');
  const { directory, policy } = makePlace(t, ruleKinds[kind] ?? (() => []));
  for (const name of ['real', 'ruled']) mkdirSync(path.join(directory, name));
  for (const [name, to] of shown) symlinkSync(to, path.join(directory, 'real', name));
  // A loop device, which is there whether it is bound or not.
  spawnSync('mknod', [path.join(directory, 'real/device'), 'b', '7', '0'], { stdio: 'inherit' });
  const place = mechanism !== undefined && kind === 'a redirect' ? 'ruled' : 'real';
  const below = mechanism === undefined ? undefined : { mechanism, policy };
  const { stdout, status } = run([program, directory, place], below);
  t.equal(status, 0);
  return readLines(stdout);
}

for (const kind of Object.keys(ruleKinds))
  await t.test(kind, { skip: missing() }, (t) => {
    const native = attack(t, kind);
    for (const [what, outcome] of native)
      if (outcome === 'none') t.comment(`not applicable: ${what}`);
    for (const mechanism of mechanisms) {
      const said = attack(t, kind, mechanism);
      t.same([...said.keys()], [...native.keys()], mechanism);
      const gained = [...said].filter(
        ([what, outcome]) => outcome !== 'refused' && outcome !== native.get(what),
      );
      t.same(gained, [], mechanism);
    }
    t.end();
  });
