// The place `gvisor`: a command in a gVisor sandbox of its own, whose root is this machine's / as
// read-only 9p. Debian's runsc with its ptrace platform, which needs neither KVM nor a new kernel.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSandbox, type Shown } from '../../test/lanes/gvisor/bundle.js';
import { atEnd } from '../running.js';
import { types } from '../types.js';
import { pin } from './pin.js';
import { firstLine, isInstalled, once, output, tryTrue } from './try.js';
import type { Way, WrapOptions } from './way.js';

const flags = ['--platform=ptrace', '--network=none', '--ignore-cgroups'];

export class Sandboxes {
  readonly #shown: readonly Shown[];
  readonly #remove: (() => void)[] = [];

  /** Directories of this machine, as they are shown in the sandbox. */
  constructor(shown: readonly Shown[]) {
    this.#shown = shown;
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
    const sandbox = makeSandbox(scratch, {
      command,
      path: process.env['PATH'] ?? '/usr/bin:/bin',
      shown: this.#shown,
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
    ...way,
    place: 'gvisor',
    asks: { path: '/', type: types.v9fs },
    ownMounts: true,
    available: once(() => sandboxes.available() ?? tryTrue(inside)),
    wrap: (words, { pinned }) => sandboxes.wrap(way.wrap(words, { pinned: false }), { pinned }),
    cleanup: () => {
      sandboxes.cleanup();
    },
  };
  return inside;
}
