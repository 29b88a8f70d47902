/** Where a path leads, also where nothing is yet. */
import { readlinkSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';

/** Links that one path may lead over, as in the kernel. */
const MAX_LINKS = 40;

function targetOf(path: string): string | undefined {
  try {
    return posix.resolve(posix.dirname(path), readlinkSync(path));
  } catch {
    return undefined;
  }
}

/**
 * The absolute path without links, also of what does not exist: then that of the nearest directory
 * that does, and the rest as it was written. Null if links lead nowhere.
 */
export function wholePath(path: string): string | null {
  const rest: string[] = [];
  let links = 0;
  for (let at = path; ;) {
    try {
      return posix.join(realpathSync(at), ...rest);
    } catch {
      const target = targetOf(at);
      if (target !== undefined && ++links > MAX_LINKS) return null;
      const parent = target ?? posix.dirname(at);
      if (parent === at) return null;
      if (target === undefined) rest.unshift(posix.basename(at));
      at = parent;
    }
  }
}
