// Go, which whoever only uses this need not have: tests of programs that are written in it are skipped.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { root, testBuild } from './paths.js';

/** Why there are none of them here, or false. */
export const missingGo: string | false =
  spawnSync('go', ['version']).status !== 0 && 'no Go (Debian: golang)';

/**
 * A program of one file below `test`, which needs no C library; `name`: where it goes below the build of the tests;
 * `machine`: which is not this one, as Go calls it.
 */
export function buildGo(source: string, name: string, machine?: string): string {
  const program = path.join(testBuild, name);
  mkdirSync(path.dirname(program), { recursive: true });
  const other = machine === undefined ? {} : { GOARCH: machine };
  const env = { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off', GOFLAGS: '', ...other };
  const words = ['build', '-o', `${program}-${process.pid}`, path.join(root, source)];
  const { status, stderr } = spawnSync('go', words, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(stderr);
  renameSync(`${program}-${process.pid}`, program); // others may be starting it
  return program;
}
