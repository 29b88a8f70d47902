/**
 * Where the files in C are. SECCOMP_SPOOF_NATIVE_DIR, if it is not empty, names the directory for
 * tests.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { InstallError } from '../errors.js';

/** Directory names below dist/native, as src/build/prepare.mjs makes them. */
export const NATIVE_PLATFORM = `linux-${process.arch}`;

const LIBRARY = 'libseccomp_spoof.so';
const SUPERVISOR = 'seccomp-spoof-supervisor';

/** The directories where the native files may lie, the one that counts first. */
function candidates(): string[] {
  const chosen = process.env['SECCOMP_SPOOF_NATIVE_DIR'];
  if (chosen !== undefined && chosen !== '') return [chosen];
  // Found from dist/native as well as from dist/command, where the command line is in few files;
  // from src/native there is only what make has built.
  const here = fileURLToPath(new URL('../native/', import.meta.url));
  return [join(here, NATIVE_PLATFORM), join(here, '../../csrc/build')];
}

function find(name: string): string {
  const paths = candidates().map((directory) => join(directory, name));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const wanted = paths[0] ?? name;
  throw new InstallError(
    wanted,
    `${wanted} is missing: this package was not built for ${NATIVE_PLATFORM}; ` +
      `in a checkout run "npm run build" (it needs cc and make), otherwise install the package again`,
  );
}

/** Path of libseccomp_spoof.so. Throws InstallError, with the path, if there is none. */
export function libraryPath(): string {
  return find(LIBRARY);
}

/** Path of the supervisor program. Throws InstallError, with the path, if there is none. */
export function supervisorPath(): string {
  return find(SUPERVISOR);
}
