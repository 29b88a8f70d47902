// A gVisor sandbox whose root is this machine's / as read-only 9p. See docs/lanes.md.
// Rule: nothing of it outlives the process that started it, and nothing it writes leaves its share.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../support/paths.js';
import { Unavailable } from '../programs.js';
import type { Runsc } from './runsc.js';

export interface SandboxOptions {
  /** Only to detect hangs. */
  readonly timeoutMs?: number;
  /** Files for the share, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Version of the cgroups in /sys/fs/cgroup; none are there without it. */
  readonly cgroups?: 1 | 2;
}

export interface SandboxResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory of the sandbox on 9p that can be written to. */
export const share = '/tmp/9p';

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

/** `top`: where the root is. Not / itself: on that newer ones do not see the share. */
function configuration(script: string, top: string, shared: string, cgroups: boolean): object {
  const sets = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'];
  const bind = (source: string, destination: string, mode: string): object => ({
    destination,
    source,
    type: 'bind',
    options: ['rbind', mode],
  });
  return {
    ociVersion: '1.0.0',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/bin/sh', '-c', script],
      env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'HOME=/',
        'LANG=C',
      ],
      cwd: '/',
      capabilities: Object.fromEntries(sets.map((set) => [set, capabilities])),
    },
    root: { path: top, readonly: true },
    hostname: 'gvisor',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/sys', type: 'sysfs', source: 'sysfs' },
      ...(cgroups ? [{ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' }] : []),
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
      bind(shared, share, 'rw'),
      // A checkout that the tmpfs would hide.
      ...(root.startsWith('/tmp/') ? [bind(root, root, 'ro')] : []),
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
    },
  };
}

export class Gvisor {
  readonly #runsc: Runsc;
  #program = '';
  #reason: string | false | undefined;

  constructor(runsc: Runsc) {
    this.#runsc = runsc;
  }

  /** Why nothing can be run in it here, or false if something can: found by trying. */
  async unavailable(): Promise<string | false> {
    this.#reason ??= await this.#try();
    return this.#reason;
  }

  async #try(): Promise<string | false> {
    if (process.getuid?.() !== 0) return 'runsc needs root';
    try {
      this.#program = this.#runsc.find();
    } catch (error) {
      if (error instanceof Unavailable) return error.message;
      throw error;
    }
    const { status, stderr } = await this.run('true', { timeoutMs: 60_000 });
    return status === 0 ? false : `runsc cannot start a program here: ${stderr.slice(-400)}`;
  }

  /** Runs one shell script as root in a sandbox of its own. */
  async run(script: string, options: SandboxOptions = {}): Promise<SandboxResult> {
    const scratch = mkdtempSync(path.join(tmpdir(), 'gvisor-'));
    const inScratch = (name: string): string => path.join(scratch, name);
    const [top, shared, bundle] = [inScratch('root'), inScratch('share'), inScratch('bundle')];
    for (const directory of [top, shared, bundle]) mkdirSync(directory);
    for (const [name, text] of Object.entries(options.files ?? {})) {
      writeFileSync(path.join(shared, name), text);
    }
    const text = JSON.stringify(configuration(script, top, shared, options.cgroups !== undefined));
    writeFileSync(path.join(bundle, 'config.json'), text);
    const flags = [
      ...[`--root=${inScratch('state')}`, '--network=none', '--ignore-cgroups'],
      ...this.#runsc.flags,
      ...(options.cgroups === undefined ? [] : this.#runsc.cgroups(options.cgroups)),
    ];
    const name = path.basename(scratch);
    try {
      const words = [this.#program, ...flags, 'run', '-bundle', bundle, name];
      return await start(['sh', '-c', inPrivate, top, ...words], options);
    } finally {
      spawnSync(this.#program, [...flags, 'delete', '-force', name], { stdio: 'ignore' });
      spawnSync('rm', ['-rf', '--one-file-system', scratch]);
    }
  }
}

function start(words: readonly string[], options: SandboxOptions): Promise<SandboxResult> {
  // The sandbox ends with `runsc run`, and that with us.
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--', ...words],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const timer = setTimeout(() => {
    stderr += 'the sandbox hung, and was killed\n';
    child.kill('SIGKILL');
  }, options.timeoutMs ?? 600_000);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, stdout, stderr });
    });
  });
}
