// Where things lie, from the compiled bench (bench/build/js/bench/) as well as from its sources.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import invariant from 'tiny-invariant';

function findRoot(): string {
  for (let place = import.meta.dirname; place !== '/'; place = dirname(place))
    if (existsSync(join(place, 'package.json'))) return place;
  invariant(false, 'the bench does not lie in a package');
}

export const root = findRoot();
export const bench = join(root, 'bench');
/** What the bench builds; nobody else writes there. */
export const build = join(bench, 'build');
export const spoof = join(root, 'dist/seccomp-spoof');
