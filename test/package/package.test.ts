// What users get: the packed package, installed into an empty directory with scripts disabled, on a
// machine without compilers.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';

const scratch = mkdtempSync(join(tmpdir(), 'package-'));
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

/** What npm prints in the checkout. */
function npmHere(...words: string[]): string {
  const [command, rest] = cleanCommand([process.execPath, npmCli, ...words]);
  return execFileSync(command, rest, { cwd: root, encoding: 'utf8' });
}

/** npm's own download cache is used: what `npm ci` has fetched is not fetched again. */
const npmCache = npmHere('config', 'get', 'cache').trim();

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...command: string[]): Result {
  const [program, words] = cleanCommand(command, {
    PATH: bin,
    HOME: home,
    npm_config_cache: npmCache,
    npm_config_update_notifier: 'false',
  });
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    cwd: project,
    encoding: 'utf8',
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

const npm = (...words: string[]): Result => run(process.execPath, npmCli, ...words);
const npx = (...words: string[]): Result => npm('exec', '--offline', '--no', '--', ...words);
const said = (stdout: string): Result => ({ status: 0, stdout, stderr: '' });

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** dist is there; building it again would pull it away from under the other tests. */
function pack(): Packed {
  const words = ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch];
  const text = npmHere(...words);
  const [packed] = JSON.parse(text) as Packed[];
  if (packed === undefined) throw new Error(`npm pack: ${text}`);
  return packed;
}

const packed = pack();

await t.test('the tarball', (t) => {
  const files = packed.files.map((file) => file.path);
  const native = `dist/native/linux-${process.arch}`;
  const needed = [
    'README.md',
    'LICENSE',
    'dist/seccomp-spoof',
    'dist/command/cli.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/policy.schema.json',
    `${native}/libseccomp_spoof.so`,
    `${native}/seccomp-spoof-supervisor`,
    'dist/policies/9p-as-ext4.blob',
  ];
  t.strictSame(
    needed.filter((file) => !files.includes(file)),
    [],
    'has what is needed',
  );
  t.strictSame(
    files.filter((file) => /^(test|src|csrc|bench|\.ci|\.cache|node_modules)\//.test(file)),
    [],
    'has nothing else',
  );
  const executable = packed.files.filter((file) => (file.mode & 0o111) !== 0);
  t.strictSame(
    executable.map((file) => file.path).filter((file) => !file.endsWith('.so')),
    [`${native}/seccomp-spoof-supervisor`, 'dist/seccomp-spoof'],
    'programs can be executed, and nothing else',
  );
  t.end();
});

await t.test('installed without scripts, compiler and make', (t) => {
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  const words = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const installed = npm('install', ...words, join(scratch, packed.filename));
  t.equal(installed.status, 0, 'npm install', { stderr: installed.stderr });
  const modules = readdirSync(join(project, 'node_modules'));
  t.notOk(modules.includes('typescript'), 'no development dependencies');
  for (const name of ['cc', 'gcc', 'make', 'tsc']) {
    t.equal(run('sh', '-c', `command -v ${name}`).status, 127, `no ${name}`);
  }

  const asExt4 = ['exec', '--fstype', 'tmpfs=ext4', 'stat', '-f', '-c', '%T', '/dev/shm'];
  t.strictSame(run('stat', '-f', '-c', '%T', '/dev/shm'), said('tmpfs\n'), 'native');
  t.strictSame(npx('seccomp-spoof', ...asExt4), said('ext2/ext3\n'), 'npx seccomp-spoof exec');
  const link = join(project, 'node_modules', '.bin', 'seccomp-spoof');
  t.strictSame(run(link, ...asExt4), said('ext2/ext3\n'), 'through the link in node_modules/.bin');
  const list = npx('seccomp-spoof', 'policy', 'list');
  t.match(list, { status: 0, stdout: /^9p-as-ext4\b/m, stderr: '' }, 'policy list');
  t.equal(npx('seccomp-spoof', 'doctor').status, 0, 'doctor');
  t.match(npx('seccomp-spoof', '--version'), { status: 0, stdout: /\d+\.\d+\.\d+/ }, '--version');
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
  const link = join(modules, '.bin', 'seccomp-spoof');
  t.strictSame(run(link, 'exec', 'true'), said(''), 'exec');

  renameSync(join(ofKoffi, '@koromix', binary), join(scratch, binary));
  const missing = run(link, 'exec', 'true');
  t.match(missing, { status: 125, stderr: /^seccomp-spoof: cannot load the module koffi: / });
  t.match(missing.stderr, 'install this package again, without --omit=optional');
  t.end();
});
