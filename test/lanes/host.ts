import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { type Lane, type Pair, magics } from './lane.js';

function tries(command: string, ...words: string[]): boolean {
  return spawnSync(command, words, { stdio: 'ignore' }).status === 0;
}

/** The kernel this runs on. Root gets filesystems of its own, others what is mounted anyway. */
export function hostLane(): Lane {
  const mounted: string[] = [];

  function mount(directory: string, ...words: string[]): boolean {
    mkdirSync(directory);
    const worked = tries('mount', ...words, directory);
    if (worked) mounted.push(directory);
    return worked;
  }

  function tmpfs(scratch: string): string {
    const own = path.join(scratch, 'tmpfs');
    if (mount(own, '-t', 'tmpfs', '-o', 'mode=755', 'none')) return own;
    return '/dev/shm';
  }

  function overlay(scratch: string): string | undefined {
    const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => {
      const directory = path.join(scratch, name);
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
    },
  };
}
