// The bench's own C programs, compiled once a run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { bench, build } from './paths.js';

const programs = {
  allow: ['floors/allow.c'],
  floor: ['floors/floor.c', 'floors/answer.c', 'floors/tracee.c'],
  calls: ['drivers/calls.c', 'drivers/measure.c'],
  crowd: ['drivers/crowd.c'],
  grow: ['growth/grow.c'],
  'with-mounts': ['growth/with-mounts.c'],
  nothing: ['startup/nothing.c'],
  'probe-times': ['startup/probe-times.c'],
  'spawn-times': ['startup/spawn-times.c'],
  caller: ['supervisor/caller.c'],
  orphans: ['profile/orphans.c'],
} as const satisfies Record<string, readonly string[]>;

const compiled = new Map<string, string>();

/** Its file; throws with the compiler's words if it cannot be compiled. `objects` are linked in. */
export function compile(name: keyof typeof programs, objects: readonly string[] = []): string {
  const flags = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];
  const sources = programs[name].map((source) => join(bench, source));
  return compileOnce(name, (file) => ['cc', ...flags, ...sources, ...objects, '-o', file]);
}

/** The driver in Go; throws if there is no Go, or none that can compile it. */
export function compileGo(): string {
  return compileOnce('calls-go', (file) => [
    ...['env', 'CGO_ENABLED=0', 'GOTOOLCHAIN=local', 'GOFLAGS='],
    ...['go', '-C', join(bench, 'drivers/go'), 'build', '-o', file, '.'],
  ]);
}

function compileOnce(name: string, words: (file: string) => readonly string[]): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const directory = join(build, 'bin');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, name);
  // Moved to its place when complete: another run of the bench may be using the old one.
  const fresh = `${file}.${process.pid}`;
  const [command = '', ...rest] = words(fresh);
  const { status, error, stderr } = spawnSync(command, rest, { encoding: 'utf8' });
  if (error) throw new Error(`${command} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${name} cannot be compiled: ${stderr.trim()}`);
  renameSync(fresh, file);
  compiled.set(name, file);
  return file;
}
