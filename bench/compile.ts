// Programs in C of the bench: compiled when they are needed, into bench/build/.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bench, build } from './paths.js';

const compiled = new Map<string, string>();

/** Path of the program made of one source below bench/ (and objects); throws if it is not to be had. */
export function compile(source: string, more: readonly string[] = []): string {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const name = basename(source, '.c');
  const made = join(build, name);
  // Under a name of its own first: another bench may be running the old one.
  const fresh = `${made}.${process.pid}`;
  mkdirSync(build, { recursive: true });
  const compiler = process.env['CC'] ?? 'cc';
  const flags = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', '-static'];
  const words = [...flags, '-pthread', '-o', fresh, join(bench, source), ...more];
  const { status, stderr, error } = spawnSync(compiler, words, { encoding: 'utf8' });
  if (error !== undefined)
    throw new Error(`the bench needs a C compiler: cannot run ${compiler}: ${error.message}`);
  if (status !== 0) throw new Error(`${compiler} cannot compile bench/${source}:\n${stderr}`);
  renameSync(fresh, made);
  compiled.set(source, made);
  return made;
}
