// Programs that change their user, group and capabilities between two calls, or are given others by the
// file that they are: setuid, setgid, file capabilities. What is opened for them is opened as who they
// are at that moment; access(2) is asked as their real one.
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { gains, readLines } from './oracle.js';
import { compile, makePlace, mechanisms, missing, run } from './program.js';
import { nativeKind, user, type Kind } from './tree.js';

const kinds: readonly Kind[] = ['redirected', 'rewritten', 'told'];

const files: readonly (readonly [name: string, mode: number, uid: number, gid: number])[] = [
  ['secret', 0o600, 0, 0],
  ['of-group', 0o660, 0, 777],
  ['of-other', 0o600, 999, 999],
  ['own', 0o600, user, user],
  ['locked/file', 0o666, 0, 0],
];

/** Who the program is, once it was started by a user: by owner, group and mode of its file. */
const programs: Readonly<Record<string, readonly [mode: number, uid: number, gid: number]>> = {
  'setuid of root': [0o4755, 0, 0],
  'setuid of another user': [0o4755, 999, 999],
  'setgid of a group': [0o2755, 0, 777],
  'a capability': [0o755, 0, 0],
};

function place(t: Test): ReturnType<typeof makePlace> {
  const made = makePlace(t, (directory) => [
    `{ path: '${directory}/redirected/**', redirect: ${directory}/places, scope: all }`,
    `{ path: '${directory}/rewritten/{*,*/*}', scope: all, rewrite: [{ match: secret, replace: SECRET }] }`,
    `{ path: '${directory}/told/{*,*/*}', content: "told\\n", scope: all }`,
  ]);
  mkdirSync(path.join(made.directory, 'redirected'));
  for (const kind of ['places', 'rewritten', 'told']) {
    const directory = path.join(made.directory, kind);
    mkdirSync(path.join(directory, 'locked'), { recursive: true });
    for (const [name, mode, uid, gid] of files) {
      const file = path.join(directory, name);
      writeFileSync(file, `secret ${name}\n`);
      chownSync(file, uid, gid);
      chmodSync(file, mode);
    }
    chmodSync(path.join(directory, 'locked'), 0o700);
  }
  return made;
}

/** What was said, by kind of rule; nothing where such a program is not to be had. */
function attack(
  t: Test,
  who: string,
  mechanism?: string,
): ReadonlyMap<Kind, ReadonlyMap<string, string>> {
  const program = compile('ids', 'ids.c', 'calls.c');
  const { directory, policy } = place(t);
  const copy = path.join(directory, 'program');
  const [mode, uid, gid] = programs[who] ?? [];
  if (mode !== undefined) {
    copyFileSync(program, copy);
    chownSync(copy, uid ?? 0, gid ?? 0);
    chmodSync(copy, mode);
    if (who === 'a capability' && run([program, 'grant', copy]).status !== 0) return new Map();
  }
  const input = kinds.flatMap((kind) => {
    const at = path.join(directory, mechanism === undefined ? nativeKind[kind] : kind);
    return files.map(([name]) => `${kind}/${name}\t${path.join(at, name)}\n`);
  });
  const words = mode === undefined ? [program, 'stages'] : [program, 'start', copy];
  const below = mechanism === undefined ? undefined : { mechanism, policy };
  const { status, stdout, stderr } = run(words, below, input.join(''));
  if (status !== 0) throw new Error(`${who}: ${status} ${stderr}`);
  const said = [...readLines(stdout)];
  return new Map(
    kinds.map((kind) => [
      kind,
      new Map(said.filter(([what]) => what.includes(`:${kind}/`) || what.endsWith(' ids'))),
    ]),
  );
}

/** What access(2) says, and who the program is, has to be the same, not only no gain. */
const exact = (lines: ReadonlyMap<string, string>): readonly string[] =>
  [...lines].filter(([what]) => / (e?access|ids)/.test(what)).map((line) => line.join(': '));

for (const who of ['root', ...Object.keys(programs)])
  await t.test(who, { skip: missing() }, (t) => {
    const native = attack(t, who);
    if (native.size === 0) {
      t.comment(`not applicable: ${who}`);
      t.end();
      return;
    }
    for (const mechanism of mechanisms)
      for (const [kind, lines] of attack(t, who, mechanism)) {
        const natively = native.get(kind) ?? new Map<string, string>();
        t.ok(lines.size > 1000, `${mechanism}: ${kind} was attacked`);
        t.same(gains(kind, natively, lines), [], `${mechanism}: ${kind}`);
        if (kind === 'redirected') t.same(exact(lines), exact(natively), `${mechanism}: access`);
      }
    t.end();
  });
