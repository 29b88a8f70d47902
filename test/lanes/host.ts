import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { type Lane, type Pair, magics } from './lane.js';

function tries(command: string, ...words: string[]): boolean {
  return spawnSync(command, words, { stdio: 'ignore' }).status === 0;
}

/** The kernel this runs on. Root gets filesystems of its own, others what is mounted anyway. */
export function hostLane(): Lane {
  const mounted: string[] = [];
  const made: string[] = [];

  function mount(directory: string, ...words: string[]): boolean {
    mkdirSync(directory);
    const worked = tries('mount', ...words, directory);
    if (worked) mounted.push(directory);
    return worked;
  }

  function tmpfs(scratch: string): string | undefined {
    const own = path.join(scratch, 'tmpfs');
    if (mount(own, '-t', 'tmpfs', '-o', 'mode=755', 'none')) return own;
    return belowShm();
  }

  /** Not /dev/shm itself: subjects list the directory, and files of others come and go there. */
  function belowShm(): string | undefined {
    try {
      const directory = mkdtempSync('/dev/shm/seccomp-spoof-');
      made.push(directory);
      chmodSync(directory, 0o755);
      return directory;
    } catch {
      return undefined;
    }
  }

  /** On a tmpfs of its own: sizes and flags of the machine's filesystem shine through an overlay. */
  function overlay(scratch: string): string | undefined {
    const place = path.join(scratch, 'layers');
    if (!mount(place, '-t', 'tmpfs', '-o', 'mode=755', 'none')) return undefined;
    const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => {
      const directory = path.join(place, name);
      mkdirSync(directory);
      return directory;
    });
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    const own = path.join(scratch, 'overlay');
    return mount(own, '-t', 'overlay', '-o', layers, 'none') ? own : undefined;
  }

  function pair(from: 'tmpfs' | 'proc' | 'overlay', directory: string | undefined): Pair[] {
    const there = directory !== undefined && statfsSync(directory).type === magics[from];
    return there
      ? [{ from, fromMagic: magics[from], to: 'ext4', toMagic: magics.ext4, directory }]
      : [];
  }

  return {
    name: 'host',
    available: () => undefined,
    prepare: (scratch) => [
      ...pair('tmpfs', tmpfs(scratch)),
      ...pair('overlay', overlay(scratch)),
      ...pair('proc', '/proc'),
    ],
    release() {
      for (const directory of mounted.splice(0).reverse()) tries('umount', '-l', directory);
      for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
    },
  };
}
