// What a program says of itself is a claim, and what a rule protects stays as it is: files that are
// written by every way, descriptors that are swapped, a guardian that is stopped, a foreign /proc.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { cleanCommand } from '../support/environment.js';
import { seccompSpoof } from '../support/paths.js';
import { asUser, compile, mechanisms, needsRoot, place, run } from './helpers.js';

const ruled = ['refused', 'discarded', 'redirected', 'missing', 'fifo', 'owned', 'kept', 'gone'];

const rules = [
  '{ path: DIR/refused, content: "told\\n", mode: "0666" }',
  '{ path: DIR/discarded, content: "told\\n", writes: discard, mode: "0666" }',
  '{ path: DIR/redirected, redirect: DIR/target }',
  '{ path: DIR/missing, redirect: DIR/none/target }',
  '{ path: DIR/fifo, redirect: DIR/a-fifo }',
  '{ path: DIR/owned, redirect: DIR/of-root }',
  '{ path: DIR/kept, content: "told\\n", writes: keep, mode: "0666" }',
  '{ path: DIR/gone, redirect: DIR/no-target }',
];

const said = (mechanism: string): readonly string[] => {
  const traced = mechanism !== 'notify';
  return [
    ...(process.arch === 'x64'
      ? ['creat refused: EACCES', 'creat discarded: done', 'creat redirected: done']
      : []),
    // Under notify nobody makes the target, and the call must not run.
    `target missing: ${traced ? 'ENOENT' : 'EIO'}`,
    `target a FIFO: ${traced ? 'ENXIO' : 'EIO'}`,
    "not the owner's: EPERM",
    'direct: EIO',
    'truncate: ENOENT',
    'seal: EPERM',
    'next writer: done',
    'next write: done',
  ];
};

/** A pid namespace where each file in memory may be sealed by whom it is opened for (Linux 6.3). */
const sealable = [
  ...['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c'],
  '[ ! -e /proc/sys/vm/memfd_noexec ] || echo 1 >/proc/sys/vm/memfd_noexec; exec "$@"',
  'sh',
];

for (const mechanism of mechanisms) {
  for (const [where, before] of [
    ['', []],
    [', where all memory may be sealed', sealable],
  ] as const)
    await t.test(
      `files that rules name stay as they are, by ${mechanism}${where}`,
      { skip: needsRoot },
      (t) => {
        const ways = compile('ways');
        const { directory, policy } = place(t, 'files', rules);
        for (const name of [...ruled, 'target', 'of-root']) {
          writeFileSync(path.join(directory, name), 'real\n');
          chmodSync(path.join(directory, name), 0o666);
        }
        run(['mkfifo', '-m', '666', path.join(directory, 'a-fifo')]);
        const command = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--', ...asUser];
        const { stdout, stderr } = run([...before, ...command, ways, directory]);
        t.equal(stderr, '');
        t.same(stdout.trimEnd().split('\n'), said(mechanism));
        for (const name of ruled)
          t.equal(
            readFileSync(path.join(directory, name), 'utf8'),
            'real\n',
            `${name} is as it was`,
          );
        t.end();
      },
    );

  await t.test(
    `a file of root at the number of a descriptor, by ${mechanism}`,
    { skip: needsRoot },
    (t) => {
      const swap = compile('swap');
      const { directory, policy } = place(t, 'mounts', [
        '{ when: { fstype: proc }, answer: { fstype: told } }',
      ]);
      const file = path.join(directory, 'of-root');
      writeFileSync(file, 'of root\n');
      chmodSync(file, 0o644);
      const command = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--', ...asUser];
      t.equal(run([...command, swap, file, '/proc/self/mounts', '3000']).status, 0);
      t.equal(readFileSync(file, 'utf8'), 'of root\n');
      t.equal(statSync(file).uid, 0);
      t.equal(statSync(file).mode & 0o7777, 0o644);
      t.end();
    },
  );

  await t.test(
    `what procfs tells who has no capability, by ${mechanism}`,
    { skip: needsRoot },
    (t) => {
      const { policy } = place(t, 'files', [
        "{ path: /proc/kallsyms, rewrite: [{ match: ' [tT] ', replace: ' x ' }] }",
      ]);
      const read = [
        'awk',
        '$1 !~ /^0+$/ { told++ } / x / { changed++ } END { print told + 0, (changed > 0) }',
      ];
      const command = [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--'];
      const { stdout, stderr } = run([...command, ...asUser, ...read, '/proc/kallsyms']);
      t.equal(stderr, '');
      t.equal(stdout, '0 1\n', 'no address, and lines are rewritten');
      t.end();
    },
  );

  await t.test(`/proc of another pid namespace, by ${mechanism}`, { skip: needsRoot }, (t) => {
    const inside = (words: readonly string[]): ReturnType<typeof run> =>
      run(['unshare', '--pid', '--fork', '--kill-child', seccompSpoof, ...words]);
    const { status, stdout, stderr } = inside(['exec', '-m', mechanism, '--', 'echo', 'ran']);
    t.equal(status, 125);
    t.equal(stdout, '');
    t.match(stderr, /^seccomp-spoof: \/proc belongs to another pid namespace, .*mount -t proc/);
    const doctor = inside(['doctor']);
    t.equal(doctor.status, 1);
    t.match(doctor.stdout, /\/proc belongs to another pid namespace/);
    t.end();
  });
}

await t.test('the terminal of who opens is opened for nobody', { skip: needsRoot }, (t) => {
  const { directory, policy } = place(t, 'files', ['{ path: DIR/terminal, redirect: /dev/tty }']);
  const ruled = path.join(directory, 'terminal');
  writeFileSync(ruled, 'real\n');
  const script = 'cat "$0"; echo lost >"$0"';
  const command = [seccompSpoof, 'exec', '-m', 'notify', '-p', policy, '--', 'sh', '-c', script];
  const { stdout, stderr } = run([...command, ruled]);
  t.equal(stdout, 'real\n', 'who reads is let run');
  t.match(stderr, /I\/O error|Input\/output error/, 'who writes is not');
  t.equal(readFileSync(ruled, 'utf8'), 'real\n');
  t.end();
});

/** Stops and continues the guardian as long as the program opens files. */
await t.test('a guardian that is stopped delivers no wrong descriptor', async (t) => {
  const numbers = compile('numbers');
  const { directory, policy } = place(t, 'files', ['{ path: DIR/ruled, content: "told\\n" }']);
  writeFileSync(path.join(directory, 'ruled'), 'real\n');
  const log = path.join(directory, 'log');
  const words = ['exec', '-m', 'notify', '-p', policy, '--log-file', log, '--', numbers];
  const [program, all] = cleanCommand([
    seccompSpoof,
    ...words,
    path.join(directory, 'ruled'),
    'told\n',
    '2000',
  ]);
  const child = spawn(program, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => said.push(line));
  const ended = once(lines, 'close');
  await once(lines, 'line');
  const guardian = Number(/"guardian":(\d+)/.exec(readFileSync(log, 'utf8'))?.[1]);
  t.ok(guardian > 1, 'the guardian is known');
  let stops = 0;
  while (said.length < 2) {
    try {
      process.kill(guardian, 'SIGSTOP');
      process.kill(guardian, 'SIGCONT');
      stops++;
    } catch {
      break; // it has ended with the program
    }
    await new Promise(setImmediate);
  }
  await ended;
  t.ok(stops > 10, 'it was stopped often');
  t.same(said, ['ready', '8000 opened, 0 wrong']);
});
