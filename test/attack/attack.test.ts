// An unprivileged program below a supervisor of root's tries every call on what it has no right to. What
// it gets is compared with the same program without a supervisor: nothing may be gained.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { cleanCommand } from '../support/environment.js';
import { seccompSpoof } from '../support/paths.js';
import { changes, gains, readLines, type Course } from './oracle.js';
import { compile, mechanisms, missing } from './program.js';
import {
  kinds,
  makePlaceOfLinks,
  makeTree,
  nativeKind,
  stateOf,
  type Kind,
  type Tree,
} from './tree.js';

const attackers = [
  'user',
  'groups',
  'no-new-privileges',
  'thread',
  'files-of-thread',
  'user-namespace',
  'own-mounts',
  'unmapped',
  'landlock',
  'no-size',
  'no-descriptors',
  'dac-read-search',
  'sys-ptrace',
  'fowner',
  'sys-admin',
].filter((who) => !process.env['ATTACK_WHO'] || process.env['ATTACK_WHO'].split(',').includes(who));

/**
 * Below a supervisor each attacker makes one of so many opens: the next mechanism and the next attacker
 * another one of them. Natively all are made, which costs nothing.
 */
const PARTS = Number(process.env['ATTACK_PARTS'] ?? 8);
const partOf = (who: string, mechanism: string): string =>
  `${(attackers.indexOf(who) * mechanisms.length + mechanisms.indexOf(mechanism)) % PARTS}/${PARTS}`;

/** A tree, with root's program in it, until the test ends. */
async function prepare(t: Test): Promise<Tree> {
  let victim: ChildProcess | undefined;
  const program = compile('victim', 'victim.c');
  const tree = await makeTree(async (directory) => {
    victim = spawn(program, [directory], {
      env: { SECRET: 'secret' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (!victim.stdout) throw new Error('no output');
    const [line] = (await once(createInterface(victim.stdout), 'line')) as [string];
    return Number(line);
  });
  t.teardown(() => {
    victim?.stdin?.end();
    rmSync(tree.directory, { recursive: true, force: true });
  });
  return tree;
}

interface Run {
  readonly said: ReadonlyMap<Kind, ReadonlyMap<string, string>>;
  readonly course: Course;
  readonly here: boolean;
}

/** The attacker on all names below each kind of rule; without a supervisor on what the rule leads to. */
async function attack(t: Test, who: string, mechanism?: string): Promise<Run> {
  const program = compile('attack', 'attack.c', 'who.c', 'calls.c', 'procfs.c');
  const tree = await prepare(t);
  const before = stateOf(tree.directory);
  const said = new Map<Kind, ReadonlyMap<string, string>>();
  let here = true;
  for (const kind of kinds) {
    const place = path.join(tree.directory, mechanism ? kind : nativeKind[kind]);
    const input = tree.names.map((name) => `${name}\t${path.join(place, name)}\n`).join('');
    const wrapped = [seccompSpoof, 'exec', '-m', mechanism ?? '', '-p', tree.policy, '--'];
    const below = mechanism ? [...wrapped, program, who, partOf(who, mechanism)] : [program, who];
    const [command, words] = cleanCommand(below);
    const { status, stdout, stderr } = spawnSync(command, words, {
      cwd: '/',
      encoding: 'latin1',
      input,
      maxBuffer: 1 << 28,
    });
    here = here && status !== 77;
    if (status !== 0 && status !== 77) throw new Error(`${who}: ${status} ${stderr}`);
    said.set(kind, readLines(stdout));
  }
  return { said, course: { before, after: stateOf(tree.directory) }, here };
}

for (const who of attackers)
  await t.test(`a program with the rights of: ${who}`, { skip: missing() }, async (t) => {
    const native = await attack(t, who);
    if (!native.here) {
      t.comment(`not applicable: ${who}`);
      return;
    }
    for (const mechanism of mechanisms) {
      const wrapped = await attack(t, who, mechanism);
      for (const kind of kinds) {
        const mine = wrapped.said.get(kind) ?? new Map();
        t.ok(mine.size > 1000, `${mechanism}: ${kind} was attacked`);
        t.same(gains(kind, native.said.get(kind) ?? new Map(), mine), [], `${mechanism}: ${kind}`);
      }
      t.same(changes(native.course, wrapped.course), [], `${mechanism}: nothing else was changed`);
    }
  });

/** What other processes have, the supervisor's own above all, by a redirect and by files that are rewritten. */
for (const who of ['user', 'user-namespace', 'own-mounts'])
  for (const mechanism of mechanisms)
    await t.test(
      `other processes, with the rights of: ${who}, by ${mechanism}`,
      { skip: missing() },
      (t) => {
        const program = compile('attack', 'attack.c', 'who.c', 'calls.c', 'procfs.c');
        const { directory, policy } = makePlaceOfLinks();
        t.teardown(() => {
          rmSync(directory, { recursive: true, force: true });
        });
        const exec = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
        const [command, words] = cleanCommand([...exec, program, who, directory]);
        const { stdout, status } = spawnSync(command, words, { cwd: '/', encoding: 'latin1' });
        if (status === 77) t.comment(`not applicable: ${who}`);
        else t.equal(stdout, 'tried\n', 'nothing was gained');
        t.end();
      },
    );

await t.test('a mount in another mount namespace', { skip: missing() }, async (t) => {
  const program = compile('mounts', 'mounts.c');
  const { policy } = await prepare(t);
  const ask = (words: readonly string[]): ReturnType<typeof spawnSync> => {
    const [command, all] = cleanCommand(words);
    return spawnSync(command, all, { cwd: '/', encoding: 'latin1' });
  };
  const native = ask([program]);
  if (native.status === 77) {
    t.comment('not applicable: no statmount here');
    return;
  }
  for (const mechanism of mechanisms) {
    const wrapped = ask([seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--', program]);
    t.equal(wrapped.stdout, native.stdout, mechanism);
  }
});
