// What a lane needs of this machine.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Why a lane cannot run on this machine; the message is for people. */
export class Unavailable extends Error {}

/** The first program of that name on the search path, or where administrators' programs are. */
export function findProgram(name: string): string | undefined {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`;
  return path
    .split(':')
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file));
}

export function requireProgram(name: string, debianPackage: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Unavailable(`no ${name} (Debian package ${debianPackage})`);
  return found;
}
