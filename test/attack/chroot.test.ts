// A chroot with a procfs of its own, and a descriptor and a working directory that lie outside: a rule
// leads to what the program finds there, and never beyond that.
import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { gains, readLines } from './oracle.js';
import { compile, makePlace, mechanisms, missing, run } from './program.js';
import { user } from './tree.js';

/** Links in the place that a redirect leads to. */
const links = (directory: string): readonly (readonly [name: string, to: string])[] => [
  ['up', `../../../../../../${directory}/outside/secret`],
  ['absolute', `${directory}/outside/secret`],
  ['absolute-public', `${directory}/outside/public`],
  ['of-init', `/proc/1/root${directory}/outside/secret`],
  ['of-init-public', `/proc/1/root${directory}/outside/public`],
  ['by-root', `/proc/self/root/../..${directory}/outside/public`],
  ['by-descriptor', '/proc/self/fd/50/outside/secret'],
  ['by-descriptor-public', '/proc/self/fd/50/outside/public'],
  ['by-descriptor-up', '/proc/thread-self/fd/50/../../etc/shadow'],
  ['by-directory', '/proc/self/cwd/outside/secret'],
  ['by-directory-public', '/proc/self/cwd/outside/public'],
  ['inside', 'file'],
];

const ownFiles = ['file', 'secret'];

function fill(directory: string): void {
  const file = (name: string, mode: number, owner: number): void => {
    const at = path.join(directory, name);
    mkdirSync(path.dirname(at), { recursive: true });
    writeFileSync(at, `secret ${name}\n`);
    chownSync(at, owner, owner);
    chmodSync(at, mode);
  };
  file('outside/secret', 0o600, 0);
  file('outside/public', 0o644, 0);
  file('jail/own/file', 0o600, user);
  file('jail/own/secret', 0o600, 0);
  for (const name of ['proc', 'ruled']) mkdirSync(path.join(directory, 'jail', name));
  for (const [name, to] of links(directory))
    symlinkSync(to, path.join(directory, 'jail/own', name));
}

function attack(
  t: Test,
  mechanism?: string,
): { readonly status: number | null; readonly lines: ReadonlyMap<string, string> } {
  const program = compile('chroot', 'chroot.c', 'calls.c');
  const { directory, policy } = makePlace(t, () => [
    "{ path: '/ruled/**', redirect: /own, scope: all }",
  ]);
  fill(directory);
  const place = mechanism === undefined ? 'own' : 'ruled';
  const names = [...ownFiles, ...links(directory).map(([name]) => name)];
  const lines = [
    ...names.map((name) => `${name}\t/${place}/${name}`),
    ...names.map((name) => `relative-${name}\tjail/${place}/${name}`),
    ...names.map((name) => `around-${name}\t/proc/self/cwd/jail/${place}/${name}`),
    'outside\toutside/secret',
  ];
  const below = mechanism === undefined ? undefined : { mechanism, policy };
  const { status, stdout } = run([program, directory], below, `${lines.join('\n')}\n`);
  for (const name of ['secret', 'public'])
    t.equal(
      readFileSync(path.join(directory, 'outside', name), 'utf8'),
      `secret outside/${name}\n`,
    );
  return { status, lines: readLines(stdout.replaceAll(directory, 'DIRECTORY')) };
}

await t.test('a chroot', { skip: missing() }, (t) => {
  const native = attack(t);
  if (native.status === 77) {
    t.comment('not applicable: no procfs can be mounted here');
    t.end();
    return;
  }
  const reads = 'by-descriptor-public openat-reading';
  t.match(native.lines.get(reads), /^opened read=secret/, 'what lies outside can be reached');
  for (const mechanism of mechanisms) {
    const { status, lines } = attack(t, mechanism);
    t.equal(status, 0);
    t.same(gains('redirected', native.lines, lines), [], mechanism);
    for (const what of ['file openat-reading', 'inside openat-both', reads])
      t.equal(lines.get(what), native.lines.get(what), `${mechanism}: ${what}`);
  }
  t.end();
});
