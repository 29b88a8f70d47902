// No file of a rule costs more memory or time than it may: files that are rewritten for many, that
// keep what is written, that are mostly holes, and expressions that would match for ever.
import { spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import {
  asUser,
  mechanisms,
  needsRoot,
  place as placeOf,
  run as runWords,
} from '../claims/helpers.js';
import { gvisorPlaces } from '../files/places.js';
import { root, seccompSpoof } from '../support/paths.js';
import { quote } from '../support/shell.js';

const build = path.join(root, 'test/build/bounds');
const asRoot = needsRoot === false;
const MIB = 1 << 20;

function compile(name: string, compiler: string): string | undefined {
  const program = path.join(build, name);
  mkdirSync(build, { recursive: true });
  const words = ['-O2', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64'];
  const { status, stderr } = spawnSync(
    compiler,
    [...words, '-static', '-o', program, path.join(root, 'test/bounds/ask.c')],
    { encoding: 'utf8' },
  );
  if (status !== 0 && compiler === 'cc') throw new Error(stderr);
  return status === 0 ? program : undefined;
}

const ask = compile('ask', 'cc') ?? '';
/** Not every machine can compile for it. */
const ask32 = compile('ask32', 'i686-linux-gnu-gcc');
const programs = ask32 === undefined ? [ask] : [ask, ask32];

type Place = ReturnType<typeof placeOf>;
const place = (t: Test, rules: readonly string[]): Place => placeOf(t, 'files', rules);

/** A file that has not changed for a while. */
function makeOld(file: string, text: string): void {
  writeFileSync(file, text);
  utimesSync(file, 1000, 1000.001);
}

const EXEC = ['exec', '--stats', '-m'];

function run(words: readonly string[]): { lines: string[]; stderr: string; status: number | null } {
  const { stdout, stderr, status } = runWords(words);
  // Whoever has said nothing shows how it ended.
  const said = stdout === '' && status !== 0 ? `status ${status ?? 'none'}: ${stderr}` : stdout;
  return { lines: said.trim().split('\n'), stderr, status };
}

function below(mechanism: string, { policy }: Place, ...words: string[]) {
  return run([seccompSpoof, ...EXEC, mechanism, '-p', policy, '--', ...words]);
}

/** What a line of that name says, as a number. */
const number = (lines: readonly string[], name: string): number =>
  Number(lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2));

const line = 'a line that no expression has any wish to change, whatever it is\n';
const large = `first\n${line.repeat((12 * MIB) / line.length)}`;
const REWRITE = `rewrite: [{ match: '^first$', replace: 'FIRST' }]`;

for (const mechanism of mechanisms) {
  void t.test(`${mechanism}: one result serves all who read`, (t) => {
    const here = place(t, [`{ path: DIR/large, ${REWRITE} }`]);
    const file = path.join(here.directory, 'large');
    makeOld(file, large);
    for (const program of programs) {
      const { lines } = below(mechanism, here, program, 'open', 'r', file, '40', 'memory', 'line');
      t.match(lines, ['open: 40', /^memory: 1[23]$/, 'line: FIRST'], path.basename(program));
    }
    const script = `for i in 1 2 3 4; do ${ask} open r ${file} 8 memory line fork close open r ${file} 3 memory; done`;
    const { lines } = below(mechanism, here, 'sh', '-c', script);
    t.equal(lines.filter((each) => /^memory: 1[23]$/.test(each)).length, 8);
    if (asRoot) {
      // Who may not follow what the supervisor has open, which matters to a tracer.
      const user = ['setpriv', '--reuid=4711', '--regid=4711', '--clear-groups'];
      const words = ['open', 'r', file, '40', 'memory', 'line', 'fork', 'close'];
      const { lines } = below(
        mechanism,
        here,
        ...[...user, ask, ...words, 'open', 'r', file, '9', 'memory', 'line'],
      );
      const told = [/^open: 9$/, /^memory: 1[23]$/, 'line: FIRST'];
      t.match(lines, ['open: 40', /^memory: 1[23]$/, 'line: FIRST', ...told]);
    }
    t.end();
  });

  void t.test(`${mechanism}: a source that changes is read again`, (t) => {
    const here = place(t, [`{ path: DIR/large, ${REWRITE} }`]);
    const file = path.join(here.directory, 'large');
    makeOld(file, large);
    linkSync(file, `${file}-again`); // a name that no rule knows
    const script = `
      ${ask} open r ${file} 2 line
      printf 'Second' | dd of=${file}-again bs=1 conv=notrunc status=none; touch -d @2000 ${file}-again
      ${ask} open r ${file} 2 line
      printf 'first\\n' | dd of=${file}-again bs=1 conv=notrunc status=none; touch -d @1000 ${file}-again
      ${ask} open r ${file} 2 line
      printf 'third' | dd of=${file}-again bs=1 conv=notrunc status=none; touch -d @1000 ${file}-again
      ${ask} open r ${file} 2 line`;
    const { lines } = below(mechanism, here, 'sh', '-c', script);
    const told = lines.filter((each) => each.startsWith('line: ')).map((each) => each.slice(0, 12));
    t.same(told, ['line: FIRST', 'line: Second', 'line: FIRST', 'line: third']);
    t.end();
  });

  void t.test(
    `${mechanism}: it is for those who may read the real file`,
    { skip: needsRoot },
    (t) => {
      const here = place(t, [`{ path: DIR/large, ${REWRITE} }`]);
      const file = path.join(here.directory, 'large');
      makeOld(file, large);
      chmodSync(file, 0o640);
      const user = 'setpriv --reuid=4711 --regid=4711 --clear-groups';
      const script = `${ask} open r ${file} 1 line; ${user} ${ask} open r ${file} 1; chmod 644 ${file}
      ${user} ${ask} open r ${file} 1 line; ${user} ${ask} open rw ${file} 1`;
      const { lines } = below(mechanism, here, 'sh', '-c', script);
      t.same(lines, [
        ...['open: 1', 'line: FIRST', 'open: 0 EACCES'],
        ...['open: 1', 'line: FIRST', 'open: 0 EACCES'],
      ]);
      t.end();
    },
  );

  void t.test(`${mechanism}: what the kernel makes when it is read is compared`, (t) => {
    const size = readFileSync('/proc/kallsyms', 'latin1').length;
    if (size < MIB) t.comment('there are few symbols here');
    const here = place(t, [
      `{ path: /proc/kallsyms, rewrite: [{ match: ' T ', replace: ' Q ' }] }`,
    ]);
    const words = ['open', 'r', '/proc/kallsyms', '20', 'memory'];
    const { lines } = below(mechanism, here, ask, ...words);
    t.equal(lines[0], 'open: 20');
    t.ok(number(lines, 'memory') <= (2 * size) / MIB + 1, lines.join(' '));
    t.end();
  });

  void t.test(`${mechanism}: files for one program each have a bound together`, (t) => {
    const here = place(t, [`{ path: DIR/large, writes: discard, ${REWRITE} }`]);
    const file = path.join(here.directory, 'large');
    makeOld(file, large);
    chmodSync(file, 0o666);
    /* Another user's traced programs make copies of their own. */
    for (const user of asRoot ? [[], asUser] : [[]]) {
      const { lines, stderr } = below(
        mechanism,
        here,
        ...[...user, ask, 'open', 'rw', file, '30', 'memory', 'close'],
        ...['open', 'rw', file, '20', 'memory'],
      );
      t.match(lines[0], /^open: (19|2[01]) EIO$/);
      t.ok(number(lines, 'memory') <= 256, lines.join(' '));
      t.equal(lines[2], 'open: 20', 'what is not open any more makes room');
      t.match(
        stderr,
        /more memory, time or room than a file or path may take|could not be handed over/,
      );
    }
    t.equal(readFileSync(file, 'latin1').length, large.length, 'the real one');
    t.end();
  });

  void t.test(`${mechanism}: a kept file has a size`, (t) => {
    const here = place(t, [
      `{ path: DIR/kept, writes: keep, mode: "0666", maxSize: 2MiB, content: "told\\n" }`,
      `{ path: DIR/usual, writes: keep, mode: "0666", content: "told\\n" }`,
    ]);
    const kept = path.join(here.directory, 'kept');
    const usual = path.join(here.directory, 'usual');
    for (const program of programs) {
      const { lines } = below(
        mechanism,
        here,
        ...[program, 'truncate', kept, String(2 * MIB), 'truncate', kept, String(2 * MIB + 1)],
        ...['truncate', usual, String(64 * MIB), 'truncate', usual, String(2 ** 40)],
        ...['truncate', kept, '0', 'open', 'w', kept, '1', 'write', String(3 * MIB)],
        ...['open', 'w', kept, '1', 'open', 'r', kept, '1', 'open', 't', kept, '1'],
        ...['open', 'w', kept, '1'],
      );
      t.same(lines, [
        ...['truncate: 0', 'truncate: ENOSPC', 'truncate: 0', 'truncate: ENOSPC', 'truncate: 0'],
        ...['open: 1', `write: ${3 * MIB}`, 'open: 0 ENOSPC', 'open: 1', 'open: 1', 'open: 1'],
      ]);
    }
    t.end();
  });

  void t.test(`${mechanism}: holes take no memory`, (t) => {
    const here = place(t, [`{ path: DIR/kept, writes: keep, mode: "0666", content: "told\\n" }`]);
    const kept = path.join(here.directory, 'kept');
    writeFileSync(kept, 'real\n');
    const sizes = [200 * MIB, 2 ** 40];
    const users = asRoot ? ['', 'setpriv --reuid=4711 --regid=4711 --clear-groups '] : [''];
    for (const user of users) {
      for (const size of sizes) {
        const script = `${ask} open w ${kept} 1 grow ${size}; ${user}${ask} open r ${kept} 4 memory line`;
        const { lines } = below(mechanism, here, 'sh', '-c', script);
        t.same(lines, ['open: 1', 'grow: 0', 'open: 4', 'memory: 0', 'line: told'], user);
      }
    }
    t.equal(readFileSync(kept, 'utf8'), 'real\n');
    t.end();
  });

  void t.test(`${mechanism}: an expression that takes too long is given up`, (t) => {
    const slow = `rewrite: [{ match: '(a|aa)*a{1,2000}b', replace: '' }]`;
    const here = place(t, [
      `{ path: DIR/slow, ${slow} }`,
      `{ path: DIR/discarding, writes: discard, ${slow} }`,
    ]);
    const [file, other] = ['slow', 'discarding'].map((name) => path.join(here.directory, name));
    for (const each of [file ?? '', other ?? '']) makeOld(each, `${'a'.repeat(MIB)}\n`);
    const { lines, stderr } = below(
      mechanism,
      here,
      ...[ask, 'open', 'r', file ?? '', '3', 'memory', 'open', 'rw', other ?? '', '1'],
    );
    t.same(lines, ['open: 3', 'memory: 0', 'open: 0 EIO']);
    t.match(stderr, /more memory, time or room than a file or path may take/);
    t.end();
  });

  void t.test(`${mechanism}: the filesystem of a rewritten file`, (t) => {
    const deep = path.join('d'.repeat(200), 'e'.repeat(100), 'file');
    const key = 'filesystem: xfs';
    const here = place(t, [
      `{ path: DIR/small, ${key}, rewrite: [{ match: real, replace: told }] }`,
      `{ path: DIR/same, ${key}, rewrite: [{ match: never, replace: told }] }`,
      `{ path: DIR/discarding, ${key}, writes: discard, rewrite: [{ match: real, replace: told }] }`,
      `{ path: DIR/large, ${key}, ${REWRITE} }`,
      `{ path: DIR/${deep}, ${key}, rewrite: [{ match: real, replace: told }] }`,
      `{ path: /proc/meminfo, filesystem: proc, rewrite: [{ match: Mem, replace: MEM }] }`,
      `{ path: DIR/without, rewrite: [{ match: real, replace: told }] }`,
    ]);
    const at = (name: string): string => path.join(here.directory, name);
    mkdirSync(path.dirname(at(deep)), { recursive: true });
    for (const name of ['small', 'same', 'discarding', 'without', deep])
      writeFileSync(at(name), 'real\n');
    makeOld(at('large'), large);
    const XFS = 0x58465342;
    for (const program of programs) {
      for (const [name, type, mode] of [
        ['small', XFS, 'r'],
        ['same', XFS, 'r'],
        ['discarding', XFS, 'r'],
        ['discarding', XFS, 'rw'],
        ['large', XFS, 'r'],
        [deep, XFS, 'r'],
        ['without', 0x01021994, 'r'],
      ] as const) {
        const words = [
          'open',
          mode,
          at(name),
          '1',
          'fstatfs',
          'fork',
          'fstatfs',
          'statfs',
          at(name),
        ];
        const { lines } = below(mechanism, here, program, ...words);
        const told = [`fstatfs: ${type}`, `fstatfs: ${type}`, `statfs: ${type}`];
        t.same(lines, ['open: 1', ...told], `${path.basename(program)} ${name} ${mode}`);
      }
      const procfs = ['open', 'r', '/proc/meminfo', '1', 'fstatfs', 'statfs', '/proc/meminfo'];
      const { lines } = below(mechanism, here, program, ...procfs);
      t.same(lines, ['open: 1', `fstatfs: 40864`, `statfs: 40864`]);
    }
    t.end();
  });

  void t.test(`${mechanism}: a user namespace without root`, (t) => {
    const here = place(t, [
      `{ path: DIR/told, content: "told\\n" }`,
      `{ path: DIR/kept, content: "told\\n", writes: keep, mode: "0666" }`,
      `{ path: DIR/ruled, redirect: DIR/target }`,
      `{ path: DIR/lines, rewrite: [{ match: real, replace: told }] }`,
      `{ path: DIR/discarded, content: "told\\n", writes: discard, mode: "0666" }`,
    ]);
    const at = (name: string): string => path.join(here.directory, name);
    for (const name of ['told', 'kept', 'ruled', 'lines', 'discarded'])
      writeFileSync(at(name), 'real\n');
    writeFileSync(at('target'), 'told\n');
    const user = asRoot ? ['setpriv', '--reuid=4711', '--regid=4711', '--clear-groups'] : [];
    const inside = [
      ['unshare', '--user', '--map-current-user'],
      ['unshare', '--user', '--map-root-user'],
      ['bwrap', '--unshare-user', '--uid', '1000', '--gid', '1000', '--dev-bind', '/', '/'],
      ['bwrap', '--unshare-user', '--uid', '65534', '--gid', '5', '--dev-bind', '/', '/'],
    ].filter((words) => run([...user, ...words, 'true']).status === 0);
    if (inside.length === 0) t.comment('no user namespace can be made here');
    const exec = [seccompSpoof, 'exec', '-m', mechanism, '-p', here.policy, '--'];
    const script = `cat told kept ruled lines discarded; echo more >> kept; echo more >> discarded
      cat kept; stat -c '%a' told kept`;
    for (const words of inside) {
      const { lines, stderr } = run([
        ...['env', '-C', here.directory, 'HOME=/nonexistent', 'SECCOMP_SPOOF_CACHE=off'],
        ...[...user, ...words, ...exec, 'sh', '-c', script],
      ]);
      const expected = [...Array<string>(5).fill('told'), 'told', 'more', '444', '666'];
      t.same(lines, expected, `${words.join(' ')} ${stderr}`);
    }
    t.end();
  });
}

const subject = ask;

for (const { name, skip, run: runThere } of await gvisorPlaces()) {
  void t.test(name, { skip }, async (t) => {
    const policy = (directory: string): string => `apiVersion: seccomp-spoof/v1
name: bounds
files:
  - { path: ${directory}/large, filesystem: xfs, ${REWRITE} }
  - { path: ${directory}/kept, writes: keep, mode: "0666", content: "told\\n" }
`;
    const { stdout, stderr } = await runThere(policy, (directory, policyFile) => {
      const asked = (mechanism: string, words: string): string =>
        `${quote(seccompSpoof)} exec -m ${mechanism} -p ${policyFile} -- ${quote(subject)} ${words}\n`;
      return [
        `{ echo first; yes '${line.trim()}' | head -c ${3 * MIB}; } > ${directory}/large`,
        `touch -d @1000 ${directory}/large; echo real > ${directory}/kept`,
        ...['trace', 'ptrace'].flatMap((mechanism) => [
          asked(mechanism, `open r ${directory}/large 20 memory line fstatfs`),
          asked(
            mechanism,
            `open w ${directory}/kept 1 grow ${200 * MIB} close open r ${directory}/kept 3 line truncate ${directory}/kept ${300 * MIB}`,
          ),
        ]),
      ].join('\n');
    });
    const told = [
      ...['open: 20', /^memory: [34]$/, 'line: FIRST', `fstatfs: 1481003842`],
      ...['open: 1', 'grow: 0', 'open: 3', 'line: told', 'truncate: ENOSPC'],
    ];
    t.match(stdout.trim().split('\n'), [...told, ...told], stderr);
  });
}
