/** What the scripts that build have in common: they run programs, and end with a message for people. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const dist = join(root, 'dist');

/** Of each machine that a package is for: its names elsewhere, by that of Node. */
export const MACHINES = {
  x64: { gnu: 'x86_64', debian: 'amd64' },
  arm64: { gnu: 'aarch64', debian: 'arm64' },
};

/** The time of the files in packages, in seconds: what npm gives to those in its own. */
export const TIME = '499162500';

const NATIVE_FILES = ['seccomp-spoof', 'libseccomp_spoof.so', 'seccomp-spoof-supervisor'];
const EXECUTABLE = 0o755;

/** Ends with a message for people: what failed, and what to do. */
export function giveUp(message) {
  console.error(`seccomp-spoof: ${message}`);
  process.exit(1);
}

/** Runs a program in `cwd` (the checkout) with more variables in its environment. */
export function run([command, ...words], { cwd = root, env = {}, ...options } = {}) {
  const { error, status, signal } = spawnSync(command, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'inherit',
    ...options,
  });
  if (error) giveUp(`cannot run ${command}: ${error.message}`);
  if (status !== 0) giveUp(`"${[command, ...words].join(' ')}" failed (${signal ?? status})`);
}

/** Ends with `advice` if there is no such program. */
export function needs(command, advice) {
  const { error } = spawnSync(command, ['--version'], { stdio: 'ignore' });
  if (error) giveUp(`${command} is missing; ${advice}`);
}

/** Copies an executable file. By a new name: the old file may be running, and cannot be written. */
export function install(from, to) {
  copyFileSync(from, `${to}.new`);
  chmodSync(`${to}.new`, EXECUTABLE);
  renameSync(`${to}.new`, to);
}

/** Copies a file or a tree to a place whose directories may not be there yet. */
export function put(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

/** Gives a tree the modes of a package, whatever the umask of who wrote it; its size in KiB. */
export function tidy(directory) {
  chmodSync(directory, 0o755);
  return readdirSync(directory, { withFileTypes: true })
    .map((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return tidy(path);
      if (!entry.isFile()) return 1;
      const { mode, size } = statSync(path);
      chmodSync(path, mode & 0o100 ? EXECUTABLE : 0o644);
      return Math.ceil(size / 1024);
    })
    .reduce((sum, size) => sum + size, 1);
}

/** Where the native files of a machine are in `dist`. */
export function nativeDirectory(machine) {
  return join(dist, 'native', `linux-${machine}`);
}

/** Puts what make has built for a machine, without symbols, where it is looked for. */
export function installNative(built, machine) {
  const directory = nativeDirectory(machine);
  mkdirSync(directory, { recursive: true });
  for (const name of NATIVE_FILES)
    install(join(root, 'csrc', built, 'stripped', name), join(directory, name));
}
