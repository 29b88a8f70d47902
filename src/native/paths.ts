/**
 * Where the files in C are. SECCOMP_SPOOF_NATIVE_DIR, if it is not empty, names the directory for
 * tests.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { InstallError } from '../errors.js';

/** The machines that there are native files for, as Node calls them. */
export const ARCHITECTURES = ['x64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** The machine that this is. */
export const NATIVE_ARCHITECTURE: string = process.arch;

/** Directory names below dist/native, as src/build/prepare.mjs makes them. */
export const NATIVE_PLATFORM = `linux-${NATIVE_ARCHITECTURE}`;

/** What `make -C csrc cross` builds for another machine. */
const CROSS_BUILT: Readonly<Record<string, string>> = { arm64: 'build-aarch64' };

const LIBRARY = 'libseccomp_spoof.so';
const SUPERVISOR = 'seccomp-spoof-supervisor';

/** The directories where the native files may lie, the one that counts first. */
function candidates(architecture: string): string[] {
  const chosen = process.env['SECCOMP_SPOOF_NATIVE_DIR'];
  const isNative = architecture === NATIVE_ARCHITECTURE;
  if (isNative && chosen !== undefined && chosen !== '') return [chosen];
  // Found from dist/native as well as from dist/command, where the command line is in few files;
  // from src/native there is only what make has built.
  const here = fileURLToPath(new URL('../native/', import.meta.url));
  const built = isNative ? 'build' : (CROSS_BUILT[architecture] ?? `build-${architecture}`);
  return [join(here, `linux-${architecture}`), join(here, '../../csrc', built)];
}

/** How to get what is missing. */
function advice(architecture: string): string {
  if (architecture === NATIVE_ARCHITECTURE)
    return 'in a checkout run "npm run build" (it needs cc and make), otherwise install the package again';
  const elsewhere = 'do this on such a machine';
  return architecture in CROSS_BUILT
    ? `in a checkout run "make -C csrc cross" (it needs aarch64-linux-gnu-gcc), otherwise ${elsewhere}`
    : elsewhere;
}

function find(name: string, architecture = NATIVE_ARCHITECTURE): string {
  const paths = candidates(architecture).map((directory) => join(directory, name));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const wanted = paths[0] ?? name;
  throw new InstallError(
    wanted,
    `${wanted} is missing: this package was not built for linux-${architecture}; ${advice(architecture)}`,
  );
}

/** Path of libseccomp_spoof.so. Throws InstallError, with the path, if there is none. */
export function libraryPath(): string {
  return find(LIBRARY);
}

/**
 * Path of the supervisor program, for this machine or another one. Throws InstallError, with the path,
 * if there is none.
 */
export function supervisorPath(architecture?: string): string {
  return find(SUPERVISOR, architecture);
}
