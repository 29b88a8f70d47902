// The place `gvisor`: a command in a gVisor sandbox of its own, whose root is this machine's / as
// read-only 9p. Debian's runsc with its ptrace platform, which needs neither KVM nor a new kernel.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from '../paths.js';
import { atEnd } from '../running.js';
import { pin } from './pin.js';
import { firstLine, isInstalled, once, output, tryTrue } from './try.js';
import type { Way, WrapOptions } from './way.js';

const capabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'KILL', 'MKNOD', 'SETFCAP', 'SETGID'],
  ...['SETPCAP', 'SETUID', 'SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE'],
].map((name) => `CAP_${name}`);

/** In a mount namespace of its own, because runsc leaves mounts and mount points behind. */
const inPrivate = `
set -e
mount --rbind / "$0"
mount -t tmpfs tmpfs "$0/tmp"
exec "$@"
`;

const flags = ['--platform=ptrace', '--network=none', '--ignore-cgroups'];

export interface SandboxOptions {
  /** Directories of this machine that can be written to in the sandbox, at the same place. */
  readonly share?: readonly string[];
  /** Directories that are shown in place of others. */
  readonly over?: readonly { readonly from: string; readonly to: string }[];
}

function configuration(
  top: string,
  command: readonly string[],
  { share = [], over = [] }: SandboxOptions,
): object {
  const sets = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'];
  const bind = (source: string, mode: string, destination = source): object => ({
    destination,
    source,
    type: 'bind',
    options: ['rbind', mode],
  });
  return {
    ociVersion: '1.0.0',
    process: {
      user: { uid: 0, gid: 0 },
      args: command,
      env: [`PATH=${process.env['PATH'] ?? '/usr/bin:/bin'}`, 'HOME=/', 'LANG=C'],
      cwd: '/',
      capabilities: Object.fromEntries(sets.map((set) => [set, capabilities])),
    },
    root: { path: top, readonly: true },
    hostname: 'gvisor',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/sys', type: 'sysfs', source: 'sysfs' },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
      // A checkout that the tmpfs would hide.
      ...(root.startsWith('/tmp/') ? [bind(root, 'ro')] : []),
      ...share.map((directory) => bind(directory, 'rw')),
      ...over.map(({ from, to }) => bind(from, 'ro', to)),
    ],
    linux: { namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
}

export class Sandboxes {
  readonly #options: SandboxOptions;
  readonly #remove: (() => void)[] = [];

  constructor(options: SandboxOptions = {}) {
    this.#options = options;
  }

  readonly available = once((): string | undefined => {
    if (process.getuid?.() !== 0) return 'runsc needs root';
    if (!isInstalled('runsc')) return 'runsc is not installed';
    const why = tryTrue({ name: 'runsc', wrap: (words, options) => this.wrap(words, options) });
    this.cleanup();
    return why;
  });

  readonly version = once(() => firstLine(output(['runsc', '--version'])));

  wrap(command: readonly string[], { pinned }: WrapOptions): readonly string[] {
    const scratch = mkdtempSync(join(tmpdir(), 'seccomp-spoof-gvisor-'));
    const [top, bundle] = [join(scratch, 'root'), join(scratch, 'bundle')];
    for (const directory of [top, bundle]) mkdirSync(directory);
    const text = JSON.stringify(configuration(top, command, this.#options));
    writeFileSync(join(bundle, 'config.json'), text);
    const name = basename(scratch);
    const runsc = ['runsc', `--root=${join(scratch, 'state')}`, ...flags];
    this.#remove.push(
      atEnd(() => {
        spawnSync(runsc[0] ?? '', [...runsc.slice(1), 'delete', '-force', name], {
          stdio: 'ignore',
        });
        spawnSync('rm', ['-rf', '--one-file-system', scratch]);
      }),
    );
    const inside = [...runsc, 'run', '-bundle', bundle, name];
    // The sandbox ends with `runsc run`, and that with us.
    const outside = ['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--'];
    return pin([...outside, 'sh', '-c', inPrivate, top, ...inside], pinned);
  }

  /** Takes away what the sandboxes have left: none may be running any more. */
  cleanup(): void {
    for (const remove of this.#remove.splice(0)) remove();
  }
}

/** The same way in a sandbox. */
export function inGvisor(way: Way, sandboxes: Sandboxes): Way {
  const inside: Way = {
    name: way.name,
    place: 'gvisor',
    kind: way.kind,
    does: way.does,
    ownTmpfs: '/tmp',
    ownMounts: true,
    ...(way.differs !== undefined && { differs: way.differs }),
    available: once(() => sandboxes.available() ?? tryTrue(inside)),
    ...(way.version && { version: way.version.bind(way) }),
    wrap: (words, { pinned }) => sandboxes.wrap(way.wrap(words, { pinned: false }), { pinned }),
    cleanup: () => {
      sandboxes.cleanup();
    },
  };
  return inside;
}
