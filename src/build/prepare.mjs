/**
 * npm's `prepare`, and `npm run build`: everything below dist/. It runs where the package is made
 * (a checkout, npm pack, a git dependency), never where it is installed from a registry.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleCommand } from './bundle.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const EXECUTABLE = 0o755;
/** File times may lag behind the clock. */
const CLOCK_SLACK_MS = 1000;
const started = Date.now();

/**
 * Path of the TypeScript compiler among the installed dependencies (not one of NODE_PATH), or
 * undefined: npm runs prepare with --omit=dev, too.
 */
function findCompiler() {
  for (let directory = root; ; directory = dirname(directory)) {
    const compiler = join(directory, 'node_modules/typescript/bin/tsc');
    if (existsSync(compiler)) return compiler;
    if (directory === dirname(directory)) return undefined;
  }
}

/** Ends with a message for people: what failed, and what to do. */
function giveUp(message) {
  console.error(`seccomp-spoof: ${message}`);
  process.exit(1);
}

function run(command, ...words) {
  const { error, status, signal } = spawnSync(command, words, { cwd: root, stdio: 'inherit' });
  if (error) giveUp(`cannot run ${command}: ${error.message}`);
  if (status !== 0) giveUp(`"${[command, ...words].join(' ')}" failed (${signal ?? status})`);
}

function needs(command) {
  const { error } = spawnSync(command, ['--version'], { stdio: 'ignore' });
  if (error)
    giveUp(
      `${command} is missing; install a C compiler and make (Debian: apt install gcc make libc6-dev)`,
    );
}

/** Copies an executable file. By a new name: the old file may be running, and cannot be written. */
function install(from, to) {
  copyFileSync(from, `${to}.new`);
  chmodSync(`${to}.new`, EXECUTABLE);
  renameSync(`${to}.new`, to);
}

/** Removes what this build has not written: files of sources that are gone. */
function removeOlder(directory, time) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeOlder(path, time);
    else if (statSync(path).mtimeMs < time) rmSync(path);
  }
}

const compiler = findCompiler();
if (compiler === undefined) {
  console.log('seccomp-spoof: nothing is built, the development dependencies are not installed');
  process.exit(0);
}

needs('make');
needs((process.env.CC ?? 'cc').split(' ')[0]);
run('make', '-C', 'csrc', '--no-print-directory', '-j4');

run(process.execPath, compiler, '-p', 'tsconfig.json');
await bundleCommand(root, join(dist, 'command'));
// The same once more, module by module.
for (const name of ['cli.js', 'cli.d.ts', 'commands']) {
  rmSync(join(dist, name), { recursive: true, force: true });
}

const native = join(dist, 'native', `linux-${process.arch}`);
mkdirSync(native, { recursive: true });
for (const name of ['libseccomp_spoof.so', 'seccomp-spoof-supervisor']) {
  install(join(root, 'csrc/build', name), join(native, name));
}
install(join(root, 'csrc/build/seccomp-spoof'), join(dist, 'seccomp-spoof'));

run(process.execPath, join(dist, 'build/compile-policies.js'));
removeOlder(dist, started - CLOCK_SLACK_MS);
