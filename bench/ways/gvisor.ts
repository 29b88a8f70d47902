// The place `gvisor`: a command in a gVisor sandbox of its own, whose root is this machine's / as
// read-only 9p. Debian's runsc with its ptrace platform, which needs neither KVM nor a new kernel.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSandbox } from '../../test/lanes/gvisor/bundle.js';
import { atEnd } from '../running.js';
import { pin } from './pin.js';
import { firstLine, isInstalled, once, output, tryTrue } from './try.js';
import type { Way, WrapOptions } from './way.js';

const flags = ['--platform=ptrace', '--network=none', '--ignore-cgroups'];

export interface SandboxOptions {
  /** Directories of this machine that can be written to in the sandbox, at the same place. */
  readonly share?: readonly string[];
  /** Directories that are shown in place of others. */
  readonly over?: readonly { readonly from: string; readonly to: string }[];
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
    const { share = [], over = [] } = this.#options;
    const sandbox = makeSandbox(scratch, {
      command,
      path: process.env['PATH'] ?? '/usr/bin:/bin',
      shown: [
        ...share.map((from) => ({ from, mode: 'rw' as const })),
        ...over.map(({ from, to }) => ({ from, to, mode: 'ro' as const })),
      ],
    });
    const flagged = [`--root=${sandbox.state}`, ...flags];
    this.#remove.push(
      atEnd(() => {
        spawnSync('runsc', [...flagged, 'delete', '-force', sandbox.name], { stdio: 'ignore' });
        spawnSync('rm', ['-rf', '--one-file-system', scratch]);
      }),
    );
    return pin(sandbox.words(['runsc', ...flagged]), pinned);
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
