// A gVisor sandbox whose root is this machine's / as read-only 9p. See docs/lanes.md.
// Rule: nothing of it outlives the process that started it, and nothing it writes leaves its share.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../support/paths.js';

export interface SandboxOptions {
  /** Only to detect hangs. */
  readonly timeoutMs?: number;
  /** Files for the share, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface SandboxResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory of the sandbox on 9p that can be written to. */
export const share = '/tmp/9p';

const capabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'KILL', 'MKNOD', 'SETGID', 'SETUID'],
  ...['SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE'],
].map((name) => `CAP_${name}`);

function configuration(script: string, shared: string): object {
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
    root: { path: '/', readonly: true },
    hostname: 'gvisor',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/sys', type: 'sysfs', source: 'sysfs' },
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
  #reason: string | false | undefined;

  /** Why nothing can be run in it here, or false if something can: found by trying. */
  async unavailable(): Promise<string | false> {
    this.#reason ??= await this.#try();
    return this.#reason;
  }

  async #try(): Promise<string | false> {
    const { error } = spawnSync('runsc', ['--version'], { stdio: 'ignore' });
    if (error) return 'runsc is missing (Debian: apt install runsc)';
    if (process.getuid?.() !== 0) return 'runsc needs root';
    const { status, stderr } = await this.run('true', { timeoutMs: 60_000 });
    return status === 0 ? false : `runsc cannot start a program here: ${stderr.slice(-400)}`;
  }

  /** Runs one shell script as root in a sandbox of its own. */
  async run(script: string, options: SandboxOptions = {}): Promise<SandboxResult> {
    const scratch = mkdtempSync(path.join(tmpdir(), 'gvisor-'));
    const shared = path.join(scratch, 'share');
    const bundle = path.join(scratch, 'bundle');
    mkdirSync(shared);
    mkdirSync(bundle);
    for (const [name, text] of Object.entries(options.files ?? {})) {
      writeFileSync(path.join(shared, name), text);
    }
    writeFileSync(path.join(bundle, 'config.json'), JSON.stringify(configuration(script, shared)));
    const flags = [`--root=${path.join(scratch, 'state')}`, '--network=none', '--ignore-cgroups'];
    const name = path.basename(scratch);
    try {
      return await start([...flags, '--platform=ptrace', 'run', '-bundle', bundle, name], options);
    } finally {
      spawnSync('runsc', [...flags, 'delete', '-force', name], { stdio: 'ignore' });
      spawnSync('rm', ['-rf', '--one-file-system', scratch]);
    }
  }
}

function start(words: readonly string[], options: SandboxOptions): Promise<SandboxResult> {
  // The sandbox ends with `runsc run`, and that with us.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'runsc', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
