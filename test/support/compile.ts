// Programs in C that tests start.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { root, testBuild } from './paths.js';

const FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-static', '-pthread'];
const made = new Set<string>();

/**
 * The program of this name from files of a test folder; made once by each process, whole or not at all: others
 * may be starting it. `compiler`: for another machine.
 */
export function compileIn(
  folder: string,
  name: string,
  sources: readonly string[],
  flags: readonly string[] = FLAGS,
  compiler = 'cc',
): string {
  const build = path.join(testBuild, folder);
  const program = path.join(build, name);
  if (made.has(program)) return program;
  mkdirSync(build, { recursive: true });
  const files = sources.map((source) => path.join(root, 'test', folder, source));
  const output = `${program}.${process.pid}`;
  const { status, stderr } = spawnSync(compiler, [...flags, '-o', output, ...files], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  renameSync(output, program);
  made.add(program);
  return program;
}
