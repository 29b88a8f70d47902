// The two programs that make a gVisor sandbox: Debian's, and the newest one, built from the module
// in test/gvisor/newest and kept in a cache directory.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../support/paths.js';
import { Unavailable, requireProgram } from '../programs.js';

export interface Runsc {
  /** Its file; throws Unavailable. */
  readonly find: () => string;
  /** What it needs besides what all of them need. */
  readonly flags: readonly string[];
  /** The same if there shall be cgroups of this version; throws Unavailable. */
  readonly cgroups: (version: 1 | 2) => readonly string[];
}

/** Of 2022. Its ptrace platform needs neither KVM nor anything new of the kernel. */
export const debian: Runsc = {
  find: () => requireProgram('runsc', 'runsc'),
  flags: ['--platform=ptrace'],
  cgroups(version) {
    if (version === 1) return ['--cgroupfs'];
    throw new Unavailable('gVisor of 2022 has cgroups of version 1 only');
  },
};

/** The root shall be 9p as it is, without the overlay that it gets by default. */
export const newest: Runsc = {
  find: buildNewest,
  flags: ['--platform=systrap', '--overlay2=none'],
  cgroups: (version) => [`--in-sandbox-cgroup=v${version}`],
};

/** Beside the assertions, for whoever waits. */
function say(line: string): void {
  console.error(`# ${line}`);
}

/**
 * The program from the cache, built there if it is not. Several processes may do this at once: it is
 * built under another name and renamed when it is complete.
 */
function buildNewest(): string {
  const module = path.join(root, 'test/gvisor/newest');
  const texts = ['go.mod', 'go.sum'].map((name) => readFileSync(path.join(module, name)));
  const version = /gvisor\.dev\/gvisor (\S+)/.exec(String(texts[0]))?.[1];
  if (version === undefined) throw new Error(`${module}/go.mod requires no gVisor`);
  const key = createHash('sha256').update(Buffer.concat(texts)).digest('hex').slice(0, 12);
  const cache = path.join(root, '.cache/gvisor');
  const program = path.join(cache, `runsc-${version}-${process.arch}-${key}`);
  if (existsSync(program)) return program;

  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(path.join(cache, 'build-'));
  const output = path.join(scratch, 'runsc');
  say(`building gVisor ${version}: minutes, if nothing of it was built here before`);
  const began = performance.now();
  try {
    // Linked statically: what loads libraries cannot start its sandbox.
    const build = spawnSync('go', ['build', '-o', output, 'gvisor.dev/gvisor/runsc'], {
      cwd: module,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (build.error) throw new Unavailable(`go: ${build.error.message}`);
    if (build.status !== 0) {
      const said = build.stderr.trim().split('\n').slice(-3).join('; ');
      throw new Unavailable(`gVisor ${version} cannot be built: ${said}`);
    }
    renameSync(output, program);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  say(`built gVisor ${version} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return program;
}
