// The guest's kernel: Debian's package, downloaded and unpacked into a cache directory, never
// installed; and the initramfs made of its modules, Debian's static busybox and init.sh.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { type DebianArchitecture, DebianPackages, type Suite } from '../debian.js';
import { Unavailable, requireProgram } from '../programs.js';

const here = import.meta.dirname;
const cache = join(here, '..', '..', '..', '.cache', 'guest');

/** What the guest loads before it mounts its root; dependencies are found by modprobe. */
const modules = [
  'virtio_pci',
  '9pnet_virtio',
  '9p',
  'fuse',
  'overlay',
  'autofs4',
  'loop',
  'ext4',
  'squashfs',
  'bridge',
  'veth',
];

/** A part of 9pnet before Linux 5.17. */
const tcp9p = '9pnet_fd';

export type Architecture = 'x86_64' | 'aarch64';

const debianNames = { x86_64: 'amd64', aarch64: 'arm64' } as const;

export interface Kernel {
  /** As `uname -r` says it in the guest. */
  readonly release: string;
  readonly image: string;
  readonly initramfs: string;
}

interface CommandOptions {
  readonly cwd?: string;
  readonly input?: string;
}

function command(name: string, args: readonly string[], options: CommandOptions = {}): Buffer {
  const result = spawnSync(name, args, { cwd: cache, maxBuffer: 256 * 1024 * 1024, ...options });
  if (result.error) throw new Unavailable(`${name}: ${result.error.message}`);
  if (result.status !== 0) {
    const said = result.stderr.toString().trim().split('\n').slice(-3).join('; ');
    throw new Unavailable(`${name} ${args.join(' ')} failed: ${said}`);
  }
  return result.stdout;
}

/** The kernel that the suite has for this architecture, and a static busybox, in `directory`. */
function download(suite: Suite, architecture: DebianArchitecture, directory: string): void {
  const packages = new DebianPackages(suite, architecture, join(directory, 'apt'));
  const meta = `linux-image-${architecture}`;
  const kernel = packages.dependsOf(meta).find((name) => /^linux-image-\d/.test(name));
  if (kernel === undefined) throw new Unavailable(`${meta} of ${suite} depends on no kernel`);
  packages.download([kernel, 'busybox-static'], directory);
}

interface Packages {
  readonly kernel: string;
  readonly busybox: string;
}

function cachedPackages(directory: string, architecture: string): Packages | undefined {
  const newest = (name: string): string | undefined =>
    readdirSync(directory)
      .filter((file) => file.startsWith(name) && file.endsWith(`_${architecture}.deb`))
      .map((file) => join(directory, file))
      .sort()
      .at(-1);
  const [kernel, busybox] = [newest('linux-image-'), newest('busybox-static_')];
  return kernel === undefined || busybox === undefined ? undefined : { kernel, busybox };
}

/** The cached packages; downloaded if there are none. */
function requirePackages(suite: Suite, architecture: DebianArchitecture): Packages {
  const directory = join(cache, suite);
  mkdirSync(directory, { recursive: true });
  const cached = cachedPackages(directory, architecture);
  if (cached !== undefined) return cached;
  const scratch = mkdtempSync(join(cache, 'download-'));
  try {
    download(suite, architecture, scratch);
    for (const file of readdirSync(scratch).filter((name) => name.endsWith('.deb'))) {
      renameSync(join(scratch, file), join(directory, file));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const downloaded = cachedPackages(directory, architecture);
  if (downloaded === undefined) throw new Unavailable(`apt-get download left no packages`);
  return downloaded;
}

/** Files of the modules, dependencies first, as modprobe would load them. */
function moduleOrder(tree: string, release: string): string[] {
  requireProgram('depmod', 'kmod');
  // depmod(8) of Debian 12 looks there; the packages of Debian 13 have them where it leads.
  if (!existsSync(join(tree, 'lib'))) symlinkSync('usr/lib', join(tree, 'lib'));
  command('depmod', ['-b', tree, release]);
  const known = readFileSync(join(tree, 'lib/modules', release, 'modules.dep'), 'utf8');
  const names = known.includes(`/${tcp9p}.ko`) ? [...modules, tcp9p] : modules;
  const files = names.flatMap((name) =>
    command('modprobe', ['-d', tree, '-S', release, '--show-depends', name])
      .toString()
      .split('\n')
      .map((line) => /^insmod (\S+)/.exec(line)?.[1])
      .filter((file) => file !== undefined),
  );
  return [...new Set(files)];
}

const nameOfModule = (file: string): string => basename(file, '.xz');

/** Debian 13 compresses them, which its kernel reads and busybox does not. */
function copyModule(file: string, directory: string): void {
  const to = join(directory, nameOfModule(file));
  if (file.endsWith('.xz')) writeFileSync(to, command('xz', ['-dc', file]));
  else copyFileSync(file, to);
}

/** What is in a directory, as the kernel takes it; several of them in one file are one. */
export function archive(content: string): Buffer {
  const list = readdirSync(content, { recursive: true, encoding: 'utf8' }).sort().join('\n');
  const words = ['-o', '-H', 'newc', '-R', '0:0', '--quiet'];
  return command('cpio', words, { cwd: content, input: list + '\n' });
}

function buildInitramfs(tree: string, release: string, output: string): void {
  const content = join(tree, 'initramfs');
  mkdirSync(join(content, 'bin'), { recursive: true });
  mkdirSync(join(content, 'modules'));
  const busybox = ['bin', 'usr/bin'].map((name) => join(tree, name, 'busybox')).find(existsSync);
  if (busybox === undefined) throw new Unavailable('no busybox in the package busybox-static');
  copyFileSync(busybox, join(content, 'bin', 'busybox'));
  writeFileSync(join(content, 'init'), readFileSync(join(here, 'init.sh')), { mode: 0o755 });
  const order = moduleOrder(tree, release);
  for (const file of order) copyModule(file, join(content, 'modules'));
  const names = order.map(nameOfModule);
  writeFileSync(join(content, 'modules', 'order'), names.join('\n') + '\n');
  writeFileSync(output, archive(content));
}

/**
 * Kernel and initramfs from the cache, made there if they are not. Several processes may do this
 * at once: everything is made under another name and renamed when it is complete.
 */
export function prepareKernel(architecture: Architecture, suite: Suite): Kernel {
  mkdirSync(cache, { recursive: true });
  requireProgram('cpio', 'cpio');
  requireProgram('dpkg-deb', 'dpkg');
  const packages = requirePackages(suite, debianNames[architecture]);
  const release = /linux-image-([^_]+)_/.exec(packages.kernel)?.[1];
  if (release === undefined) throw new Unavailable(`not a kernel package: ${packages.kernel}`);

  const key = createHash('sha256')
    .update([packages.kernel, packages.busybox, ...modules, tcp9p].join())
    .update(readFileSync(join(here, 'init.sh')))
    .digest('hex')
    .slice(0, 12);
  const directory = join(cache, `${release}-${key}`);
  const kernel = {
    release,
    image: join(directory, 'vmlinuz'),
    initramfs: join(directory, 'initramfs'),
  };
  if (existsSync(directory)) return kernel;

  const scratch = mkdtempSync(join(cache, 'build-'));
  try {
    const tree = join(scratch, 'tree');
    const result = join(scratch, 'result');
    mkdirSync(result);
    for (const file of [packages.kernel, packages.busybox]) {
      command('dpkg-deb', ['-x', file, tree]);
    }
    copyFileSync(join(tree, 'boot', `vmlinuz-${release}`), join(result, 'vmlinuz'));
    buildInitramfs(tree, release, join(result, 'initramfs'));
    try {
      renameSync(result, directory);
    } catch (error) {
      // Another process was first; what it made is the same.
      if (!existsSync(directory)) throw error;
    }
    return kernel;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
