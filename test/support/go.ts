// Go, which whoever only uses this need not have: tests of programs that are written in it are skipped.
import { spawnSync } from 'node:child_process';

/** Why there are none of them here, or false. */
export const missingGo: string | false =
  spawnSync('go', ['version']).status !== 0 && 'no Go (Debian: golang)';
