// What runsc is told of a sandbox (an OCI bundle) whose root is this machine's / as read-only 9p, and
// the words that start it. Rule: it ends with the process that started it, and leaves no mounts.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../support/paths.js';

const capabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'KILL', 'MKNOD', 'SETFCAP', 'SETGID'],
  ...['SETPCAP', 'SETUID', 'SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE'],
];

/** In a mount namespace of its own, because runsc leaves mounts and mount points behind. */
const inPrivate = `
set -e
mount --rbind / "$0"
mount -t tmpfs tmpfs "$0/tmp"
exec "$@"
`;

/** The same, but / and /var are an empty directory that can be written to, as in an image. */
const withOwnRoot = `
set -e
mount --bind "$0" "$0"
for entry in /*; do
  case $entry in
  /proc | /sys | /dev | /tmp | /run) mkdir "$0$entry" ;;
  /var) mkdir -p "$0/var/lib" "$0/var/log" "$0/var/run" ;;
  *)
    if [ -L "$entry" ]; then
      cp -P "$entry" "$0$entry"
    elif [ -d "$entry" ]; then
      mkdir "$0$entry"
      mount --rbind "$entry" "$0$entry"
      mount -o remount,bind,ro "$0$entry"
    fi
    ;;
  esac
done
exec "$@"
`;

/** A directory of this machine, shown at the same place or at another one. */
export interface Shown {
  readonly from: string;
  readonly to?: string;
  readonly mode: 'ro' | 'rw';
}

export interface Inside {
  readonly command: readonly string[];
  readonly path: string;
  readonly shown?: readonly Shown[];
  /** With a mount of type cgroup on /sys/fs/cgroup. */
  readonly cgroups?: boolean;
  /** Besides those that all have: `NET_ADMIN`. */
  readonly capabilities?: readonly string[];
  /** The root can be written to, and has an empty /var. */
  readonly ownRoot?: boolean;
}

/** `top`: where the root is. Not / itself: on that newer ones do not see what is shown. */
function configuration(top: string, inside: Inside): object {
  const sets = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'];
  const own = [...capabilities, ...(inside.capabilities ?? [])].map((name) => `CAP_${name}`);
  const plain = (destination: string, type: string): object => ({
    ...{ destination, type, source: type },
  });
  const bind = ({ from, to = from, mode }: Shown): object => ({
    ...{ destination: to, source: from, type: 'bind', options: ['rbind', mode] },
  });
  // A checkout that the tmpfs would hide.
  const checkout: readonly Shown[] = root.startsWith('/tmp/') ? [{ from: root, mode: 'ro' }] : [];
  return {
    ociVersion: '1.0.0',
    process: {
      user: { uid: 0, gid: 0 },
      args: inside.command,
      env: [`PATH=${inside.path}`, 'HOME=/', 'LANG=C'],
      cwd: '/',
      capabilities: Object.fromEntries(sets.map((set) => [set, own])),
    },
    root: { path: top, readonly: inside.ownRoot !== true },
    hostname: 'gvisor',
    mounts: [
      plain('/proc', 'proc'),
      plain('/dev', 'tmpfs'),
      plain('/sys', 'sysfs'),
      ...(inside.cgroups === true ? [plain('/sys/fs/cgroup', 'cgroup')] : []),
      plain('/tmp', 'tmpfs'),
      ...[...checkout, ...(inside.shown ?? [])].map(bind),
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
    },
  };
}

/** Below a scratch directory: its state, and what starts it. */
export interface Sandbox {
  /** For `--root`. */
  readonly state: string;
  readonly name: string;
  /** The words that run it; `runsc`: the program with its flags. */
  words(runsc: readonly string[]): string[];
}

/** Writes the bundle into a scratch directory, which is the caller's to remove. */
export function makeSandbox(scratch: string, inside: Inside): Sandbox {
  const [top, bundle] = [path.join(scratch, 'root'), path.join(scratch, 'bundle')];
  const name = path.basename(scratch);
  const prepare = inside.ownRoot === true ? withOwnRoot : inPrivate;
  for (const directory of [top, bundle]) mkdirSync(directory);
  writeFileSync(path.join(bundle, 'config.json'), JSON.stringify(configuration(top, inside)));
  return {
    state: path.join(scratch, 'state'),
    name,
    words: (runsc) => [
      // The sandbox ends with `runsc run`, and that with us.
      ...['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--'],
      ...['sh', '-c', prepare, top, ...runsc, 'run', '-bundle', bundle, name],
    ],
  };
}
