// What one program does to what it was given takes nothing away from the next one; and a file is refused
// to whom its mode refuses it.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { readLog } from '../support/subject.js';
import { asUser, compile, logged, mechanisms, needsRoot, place, run } from './helpers.js';

for (const mechanism of mechanisms)
  for (const writes of ['keep', 'refuse'])
    await t.test(`leases of a file, writes: ${writes}, by ${mechanism}`, (test) => {
      const rule = `{ path: DIR/ruled, content: "told\\n", writes: ${writes}, mode: "0666" }`;
      const { directory, policy } = place(test, 'files', [rule]);
      const ruled = path.join(directory, 'ruled');
      writeFileSync(ruled, 'real\n');
      chmodSync(ruled, 0o666);
      const exec = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
      const { stdout, stderr } = run([...exec, compile('lease'), ruled]);
      test.equal(stderr, '');
      const [toWrite, ofReader] = stdout.split('\n');
      if (writes === 'keep') test.equal(toWrite, 'to write, of a writer: refused');
      else test.match(toWrite, /^to write, of a writer: (Permission denied|refused)$/);
      // A copy of its own takes nothing from anybody.
      if (mechanism === 'notify') test.equal(ofReader, 'to write, of a reader: refused');
      test.end();
    });

for (const mechanism of mechanisms)
  await t.test(
    `a mode that keeps its owner's group out, by ${mechanism}`,
    { skip: needsRoot },
    (test) => {
      const { directory, policy } = place(test, 'files', [
        '{ path: DIR/ruled, content: "told\\n", mode: "0604" }',
      ]);
      const ruled = path.join(directory, 'ruled');
      writeFileSync(ruled, 'real\n');
      const exec = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
      const inGroup = ['setpriv', '--reuid=12345', '--regid=0', '--clear-groups'];
      const read = (who: readonly string[]): unknown => {
        const { status, stdout } = run([...exec, ...who, 'cat', ruled]);
        return [status, stdout];
      };
      test.same(read(asUser), [0, 'told\n'], 'others may');
      test.same(read(inGroup), [1, ''], 'its group may not');
      test.end();
    },
  );

for (const mechanism of mechanisms)
  await t.test(
    `a user with more groups than there is room for, by ${mechanism}`,
    { skip: needsRoot },
    (test) => {
      const rule = '{ path: DIR/ruled, content: "told\\n", writes: discard, mode: "0666" }';
      const { directory, policy } = place(test, 'files', [rule]);
      const ruled = path.join(directory, 'ruled');
      writeFileSync(ruled, 'real\n');
      chmodSync(ruled, 0o666);
      const groups = Array.from({ length: 300 }, (_, i) => 20000 + i).join();
      const become = ['setpriv', '--reuid=12345', '--regid=12345', `--groups=${groups}`];
      const exec = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
      const script = 'cd "$0" && echo x >ruled; echo "$?"; cat other';
      writeFileSync(path.join(directory, 'other'), 'as it is\n');
      const { stdout } = run([...exec, ...become, 'sh', '-c', script, directory]);
      test.match(stdout, /^[012]\nas it is\n$/);
      test.equal(readFileSync(ruled, 'utf8'), 'real\n', 'the real file stays as it is');
      test.end();
    },
  );

for (const mechanism of mechanisms)
  await t.test(
    `a write by a link of the supervisor's, by ${mechanism}`,
    { skip: needsRoot },
    (test) => {
      const rule = '{ path: DIR/ruled, content: "told\\n", writes: discard }';
      const { directory, policy } = place(test, 'files', [rule]);
      const log = path.join(directory, 'log');
      const ruled = path.join(directory, 'ruled');
      writeFileSync(ruled, 'real\n');
      const exec = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--log-file', log, '--'];
      const guardian = `$(sed -n 's/.*"guardian":\\([0-9]*\\).*/\\1/p' "$1")`;
      const script = `echo x >"/proc/${guardian}/root/$0"; cat "/proc/${guardian}/root/$0"`;
      const { stdout } = run([...exec, 'sh', '-c', script, ruled, log]);
      test.match(stdout, /^(real|told)\n$/, 'it is there');
      test.equal(readFileSync(ruled, 'utf8'), 'real\n', 'the real file stays as it is');
      test.end();
    },
  );

await t.test('a write that is refused for want of an answer is in the log', async (test) => {
  // What would have to be made is made for nobody by notify.
  const { directory, policy } = place(test, 'files', [
    '{ path: DIR/ruled, redirect: DIR/missing/target }',
  ]);
  const log = path.join(directory, 'log');
  const ruled = path.join(directory, 'ruled');
  writeFileSync(ruled, 'real\n');
  const exec = [seccompSpoof, 'exec', '-m', 'notify', '-p', policy, '--log-file', log, '--'];
  const script = 'for i in 1 2 3; do echo x >>"$0"; done 2>/dev/null; true';
  test.equal(run([...exec, 'sh', '-c', script, ruled]).status, 0);
  await logged(log, 'totals');
  const refused = readLog(log).filter(({ msg }) => msg === 'call refused, it would write');
  test.match(
    refused,
    [{ level: 40, call: 'openat', program: /^(da|ba)?sh$/, reason: /./ }],
    'once for each program and reason',
  );
  test.equal(refused.length, 1);
  test.equal(readFileSync(ruled, 'utf8'), 'real\n');
});
