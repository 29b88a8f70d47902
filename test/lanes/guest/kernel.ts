// The guest's kernel: Debian's package, downloaded and unpacked into a cache directory, never
// installed; and the initramfs made of its modules, busybox and init.sh.
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
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
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
];

export interface Kernel {
  /** As `uname -r` says it in the guest. */
  readonly release: string;
  readonly image: string;
  readonly initramfs: string;
}

function command(name: string, args: readonly string[], input?: string): Buffer {
  const result = spawnSync(name, args, {
    cwd: cache,
    maxBuffer: 256 * 1024 * 1024,
    ...(input === undefined ? {} : { input }),
  });
  if (result.error) throw new Unavailable(`${name}: ${result.error.message}`);
  if (result.status !== 0) {
    const said = result.stderr.toString().trim().split('\n').slice(-3).join('; ');
    throw new Unavailable(`${name} ${args.join(' ')} failed: ${said}`);
  }
  return result.stdout;
}

/** The cached kernel package; downloaded if there is none. */
function kernelPackage(): string {
  const cached = readdirSync(cache).filter((name) => /^linux-image-.*\.deb$/.test(name));
  const newest = cached.sort().at(-1);
  if (newest !== undefined) return join(cache, newest);

  requireProgram('apt-cache', 'apt');
  const depends = command('apt-cache', ['depends', 'linux-image-amd64']).toString();
  const name = /Depends: (linux-image-6\.\d\S*-amd64)/.exec(depends)?.[1];
  if (name === undefined) {
    throw new Unavailable('apt-cache knows no linux-image-amd64 (6.x); try apt-get update');
  }
  const scratch = mkdtempSync(join(cache, 'download-'));
  try {
    const download = spawnSync('apt-get', ['-q', 'download', name], { cwd: scratch });
    const file = readdirSync(scratch).find((entry) => entry.endsWith('.deb'));
    if (download.status !== 0 || file === undefined) {
      throw new Unavailable(`apt-get download ${name}: ${download.stderr.toString().trim()}`);
    }
    renameSync(join(scratch, file), join(cache, file));
    return join(cache, file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Files of the modules, dependencies first, as modprobe would load them. */
function moduleOrder(tree: string, release: string): string[] {
  requireProgram('depmod', 'kmod');
  command('depmod', ['-b', tree, release]);
  const files = modules.flatMap((name) =>
    command('modprobe', ['-d', tree, '-S', release, '--show-depends', name])
      .toString()
      .split('\n')
      .map((line) => /^insmod (\S+)/.exec(line)?.[1])
      .filter((file) => file !== undefined),
  );
  return [...new Set(files)];
}

function buildInitramfs(tree: string, release: string, busybox: string, output: string): void {
  const content = join(tree, 'initramfs');
  mkdirSync(join(content, 'bin'), { recursive: true });
  mkdirSync(join(content, 'modules'));
  copyFileSync(busybox, join(content, 'bin', 'busybox'));
  writeFileSync(join(content, 'init'), readFileSync(join(here, 'init.sh')), { mode: 0o755 });
  const order = moduleOrder(tree, release);
  for (const file of order) copyFileSync(file, join(content, 'modules', basename(file)));
  const names = order.map((file) => basename(file));
  writeFileSync(join(content, 'modules', 'order'), names.join('\n') + '\n');

  const list = readdirSync(content, { recursive: true, encoding: 'utf8' }).sort().join('\n');
  const archive = spawnSync('cpio', ['-o', '-H', 'newc', '-R', '0:0', '--quiet'], {
    cwd: content,
    input: list + '\n',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (archive.status !== 0) throw new Unavailable(`cpio failed: ${archive.stderr.toString()}`);
  writeFileSync(output, archive.stdout);
}

/**
 * Kernel and initramfs from the cache, made there if they are not. Several processes may do this
 * at once: everything is made under another name and renamed when it is complete.
 */
export function prepareKernel(): Kernel {
  mkdirSync(cache, { recursive: true });
  const busybox = requireProgram('busybox', 'busybox-static');
  requireProgram('cpio', 'cpio');
  requireProgram('dpkg-deb', 'dpkg');
  const debianPackage = kernelPackage();
  const release = /linux-image-([^_]+)_/.exec(basename(debianPackage))?.[1];
  if (release === undefined) throw new Unavailable(`not a kernel package: ${debianPackage}`);

  const key = createHash('sha256')
    .update(basename(debianPackage))
    .update(modules.join())
    .update(readFileSync(join(here, 'init.sh')))
    .update(readFileSync(busybox))
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
    command('dpkg-deb', ['-x', debianPackage, tree]);
    copyFileSync(join(tree, 'boot', `vmlinuz-${release}`), join(result, 'vmlinuz'));
    buildInitramfs(tree, release, busybox, join(result, 'initramfs'));
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
