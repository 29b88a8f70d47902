// What users get: the npm package, installed into an empty directory with scripts disabled, on a
// machine without compilers.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';
import { npmEnvironment } from './npm.js';
import { fileIn, packages } from './release.js';

const scratch = mkdtempSync(join(tmpdir(), 'package-'));
chmodSync(scratch, 0o755); // other users come in, too
const bin = join(scratch, 'bin');
const home = join(scratch, 'home');
const project = join(scratch, 'project');
for (const directory of [bin, home, project]) mkdirSync(directory);
t.teardown(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** All programs that there are: no compiler, no make. */
const programs = ['sh', 'stat', 'env', 'readlink', 'uname', 'cat', 'true'];
const path = `${process.env['PATH'] ?? ''}:/usr/bin:/bin`;
for (const name of programs) {
  const found = path
    .split(':')
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error(`no ${name} on the search path`);
  symlinkSync(realpathSync(found), join(bin, name));
}
symlinkSync(process.execPath, join(bin, 'node'));
const npmCli = realpathSync(
  execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim(),
);

const ofNpm = npmEnvironment();

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...command: string[]): Result {
  const [program, words] = cleanCommand(command, { ...ofNpm, PATH: bin, HOME: home });
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    cwd: project,
    encoding: 'utf8',
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

const link = join(project, 'node_modules', '.bin', 'seccomp-spoof');
const npm = (...words: string[]): Result => run(process.execPath, npmCli, ...words);
const npx = (...words: string[]): Result => npm('exec', '--offline', '--no', '--', ...words);
const said = (stdout: string): Result => ({ status: 0, stdout, stderr: '' });

const tarball = fileIn(packages(), '.tgz');
const unpacked = join(scratch, 'package');
execFileSync('tar', ['-xzf', tarball, '-C', scratch]);

await t.test('the tarball', (t) => {
  const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(unpacked, file)).isFile(),
  );
  const machines = ['linux-x64', 'linux-arm64'].map((name) => `dist/native/${name}`);
  const programs = machines.flatMap((directory) => [
    `${directory}/seccomp-spoof`,
    `${directory}/seccomp-spoof-supervisor`,
  ]);
  const needed = [
    'README.md',
    'LICENSE',
    'dist/command/cli.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/policy.schema.json',
    'dist/policies/9p-as-ext4.blob',
    'dist/share/man/man1/seccomp-spoof.1',
    ...machines.map((directory) => `${directory}/libseccomp_spoof.so`),
    ...programs,
  ];
  t.strictSame(
    needed.filter((file) => !files.includes(file)),
    [],
    'has what is needed',
  );
  t.strictSame(
    files.filter((file) => !/^(dist|policies|docs|bench\/results)\/|^[^/]+$/.test(file)),
    [],
    'has nothing else',
  );
  t.strictSame(
    files
      .filter((file) => (statSync(join(unpacked, file)).mode & 0o111) !== 0)
      .filter((file) => !file.endsWith('.so'))
      .sort(),
    ['dist/launcher', ...programs].sort(),
    'programs can be executed, and nothing else',
  );
  const lost = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => {
      const text = readFileSync(join(unpacked, file), 'utf8');
      return [...text.matchAll(/\]\(([^)#\s]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(unpacked, dirname(file), target)))
        .map((target) => `${file}: ${target}`);
    });
  t.strictSame(lost, [], 'links and pictures lead somewhere');

  const says = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) as unknown;
  t.match(says, { os: ['linux'], cpu: ['x64', 'arm64'], libc: ['glibc', 'musl'] });
  t.match(says, { homepage: /^https:/, bugs: { url: /^https:/ }, repository: { type: 'git' } });
  const scripts = ['preinstall', 'install', 'postinstall'];
  t.notMatch(says, { scripts: Object.fromEntries(scripts.map((name) => [name, String])) });
  t.end();
});

await t.test('installed without scripts, compiler and make', (t) => {
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  const words = ['--ignore-scripts', '--no-audit', '--no-fund'];
  const installed = npm('install', ...words, tarball);
  t.equal(installed.status, 0, 'npm install', { stderr: installed.stderr });
  const modules = readdirSync(join(project, 'node_modules'));
  t.notOk(modules.includes('typescript'), 'no development dependencies');
  for (const name of ['cc', 'gcc', 'make', 'tsc']) {
    t.equal(run('sh', '-c', `command -v ${name}`).status, 127, `no ${name}`);
  }

  const asExt4 = ['exec', '--fstype', 'tmpfs=ext4', 'stat', '-f', '-c', '%T', '/dev/shm'];
  t.strictSame(run('stat', '-f', '-c', '%T', '/dev/shm'), said('tmpfs\n'), 'native');
  t.strictSame(npx('seccomp-spoof', ...asExt4), said('ext2/ext3\n'), 'npx seccomp-spoof exec');
  t.strictSame(run(link, ...asExt4), said('ext2/ext3\n'), 'through the link in node_modules/.bin');
  const list = npx('seccomp-spoof', 'policy', 'list');
  t.match(list, { status: 0, stdout: /^9p-as-ext4\b/m, stderr: '' }, 'policy list');
  t.equal(npx('seccomp-spoof', 'doctor').status, 0, 'doctor');
  t.match(npx('seccomp-spoof', '--version'), { status: 0, stdout: /\d+\.\d+\.\d+/ }, '--version');
  t.end();
});

await t.test('the launcher', (t) => {
  const odd = [
    'a.b=dots',
    'BASH_FUNC_f%%=() { :; }',
    'Z=\\ two\nlines\\n',
    'SHLVL=7',
    'A=',
    `PATH=${bin}`,
  ];
  // Nothing of this process's own: env -i comes first.
  const listed = (...words: string[]): string => run('env', '-i', ...odd, ...words).stdout;
  const natively = listed('cat', '/proc/self/environ');
  t.equal(natively, `${odd.join('\0')}\0`, 'cat says what env gave it');
  const shells = ['sh', 'bash'].filter((shell) => existsSync(join('/bin', shell)));
  for (const shell of shells) {
    const launcher = realpathSync(link);
    const words = [join('/bin', shell), launcher, 'exec', 'cat', '/proc/self/environ'];
    t.equal(listed(...words), natively, `the environment is what it was, byte for byte: ${shell}`);
  }
  t.equal(listed(link, 'exec', 'cat', '/proc/self/environ'), natively, 'through the link');
  const alone = run('env', '-i', 'PATH=/nonexistent', link, 'exec', 'true');
  t.match(alone, { status: 125, stderr: /^seccomp-spoof: node is not in PATH/ }, 'no search path');
  const ignored = `trap '' HUP; exec ${link} exec cat /proc/self/status`;
  t.match(run('sh', '-c', ignored).stdout, /^SigIgn:\t0*1$/m, 'what nohup ignores stays ignored');

  const elsewhere = join(scratch, 'elsewhere');
  mkdirSync(elsewhere);
  for (const [name, text] of [
    ['Darwin arm64', 'Linux on x86_64 and aarch64; run it in a virtual machine'],
    ['Linux riscv64', 'Linux on x86_64 and aarch64'],
  ] as const) {
    writeFileSync(join(elsewhere, 'uname'), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
    const path = `PATH=${elsewhere}:${bin}`;
    const { status, stdout, stderr } = run('env', path, link, 'exec', 'true');
    t.strictSame({ status, stdout }, { status: 125, stdout: '' }, name);
    t.match(stderr, new RegExp(`^seccomp-spoof: there is no program for ${name}, only for .*\n$`));
    t.match(stderr, text);
    t.equal(run('env', path, link, 'doctor').status, 2, `${name}: doctor`);
  }
  t.end();
});

await t.test('no home directory, and a user that nobody knows', (t) => {
  if (process.getuid?.() !== 0) {
    t.comment('not applicable: becoming a user that is not in /etc/passwd: not root');
    t.end();
    return;
  }
  const words = ['exec', '--fstype', 'tmpfs=ext4', 'stat', '-f', '-c', '%T', '/dev/shm'];
  const user = ['--reuid=2000000', '--regid=2000000', '--clear-groups'];
  const unknown = run(
    '/usr/bin/env',
    '-i',
    `PATH=${bin}`,
    '/usr/bin/setpriv',
    ...user,
    link,
    ...words,
  );
  t.strictSame(unknown, said('ext2/ext3\n'), 'exec');
  t.end();
});

await t.test('the library', (t) => {
  const program = `
    import { loadPolicy, probe, spawn } from 'seccomp-spoof';
    const policy = await loadPolicy({ fstype: { tmpfs: 'ext4' } });
    // Of several calls only the last one may not be counted yet when the command has ended.
    const words = ['-f', '-c', '%T', '/dev/shm', '/sys'];
    const child = await spawn('stat', words, { policy, stdio: 'inherit' });
    const status = await new Promise((resolve) => child.once('exit', resolve));
    console.log(status, child.statistics().answered, (await probe()).mechanism);
  `;
  writeFileSync(join(project, 'library.js'), program);
  t.strictSame(run('node', 'library.js'), said('ext2/ext3\nsysfs\n0 1 notify\n'), 'import');

  // Its declarations, as a strict TypeScript project sees them.
  const schema = join(project, 'node_modules', 'seccomp-spoof', 'dist', 'policy.schema.json');
  accessSync(schema, constants.R_OK);
  const declared = `
    import { spawn, type SpoofedProcess } from 'seccomp-spoof';
    const child: SpoofedProcess = await spawn('true', [], { fstype: { tmpfs: 'ext4' } });
    export const answered: number = child.statistics().answered;
    // @ts-expect-error there is no such mechanism
    await spawn('true', [], { mechanism: 'magic' });
  `;
  writeFileSync(join(project, 'declared.ts'), declared);
  const types = join(root, 'node_modules', '@types');
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  // prettier-ignore
  const checked = run(
    'node', compiler, '--noEmit', '--strict', '--target', 'ES2023', '--module', 'NodeNext',
    '--types', 'node', '--typeRoots', types, 'declared.ts',
  );
  t.strictSame(checked, said(''), 'types');
  t.end();
});

await t.test('installed by a package manager that puts nothing beside a package', (t) => {
  const modules = join(project, 'node_modules');
  const ofKoffi = join(modules, 'koffi', 'node_modules');
  const binary = `koffi-linux-${process.arch}`;
  mkdirSync(ofKoffi);
  renameSync(join(modules, '@koromix'), join(ofKoffi, '@koromix'));
  t.strictSame(run(link, 'exec', 'true'), said(''), 'exec');

  renameSync(join(ofKoffi, '@koromix', binary), join(scratch, binary));
  // Not as it was kept above: such a start needs no Node.
  const missing = run('env', 'SECCOMP_SPOOF_CACHE=off', link, 'exec', 'true');
  t.match(missing, { status: 125, stderr: /^seccomp-spoof: cannot load the module koffi: / });
  t.match(missing.stderr, 'install this package again, without --omit=optional');
  t.end();
});
