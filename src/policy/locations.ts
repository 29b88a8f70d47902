/** Where policies are found, by name and by path. Needs neither yaml nor zod. */
import { type BigIntStats, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import { InstallError, messageOf, systemCode } from '../errors.js';
import { fromJson, type NamedPolicy } from './normalised.js';

/** The policy that holds if none is asked for. */
export const DEFAULT_POLICY = '9p-as-ext4';

/** Directory of the package: this file lies two below it, as source and when built. */
export const PACKAGE_DIRECTORY = fileURLToPath(new URL('../..', import.meta.url));

const SYSTEM_DIRECTORY = '/etc/seccomp-spoof/policies';

/** Policies that come with the package. */
export interface ShippedPolicies {
  /** Their names, sorted. */
  names(): string[];
  /** The policy of this name, or undefined. Throws InstallError if it cannot be read. */
  read(name: string): NamedPolicy | undefined;
  /** Its compiled form, or undefined if there is none. Throws InstallError as well. */
  blob(name: string): Uint8Array | undefined;
  /** Another text whenever any of them has changed. */
  stamp(): string;
}

/** Where names are looked up: shipped first, then each directory in turn. */
export interface PolicyLocations {
  readonly shipped: ShippedPolicies;
  /** Absolute paths; they need not exist. */
  readonly directories: readonly string[];
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new InstallError(
      path,
      `cannot read a file of this package: ${messageOf(error)}; install the package again`,
      { cause: error },
    );
  }
}

const whoseFile = ({ dev, ino, mode, uid, gid }: BigIntStats): string =>
  [dev, ino, mode.toString(8), uid, gid].join(':');

/** Which file it is, and who may change it. The front makes the same text: csrc/front/again.c. */
export function identityOf(path: string): string {
  return whoseFile(lstatSync(path, { bigint: true }));
}

/** And whether it was changed: good for files of this package. A link to one counts as the file. */
export function stateOf(path: string): string {
  const info = statSync(path, { bigint: true });
  return [whoseFile(info), info.size, info.mtimeNs, info.ctimeNs].join(':');
}

/** What tells one state of a file from another one, without reading it. */
export const stampOf = (path: string): string => `${path}:${stateOf(path)}`;

/** Names of the files in `directory` that end with `suffix`, without it, sorted. */
export function namesIn(directory: string, suffix: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length))
      .sort();
  } catch {
    // Not there, or not for us to read: then no name is found there.
    return [];
  }
}

/** Policies as compile-policies.ts leaves them in a directory: NAME.json and NAME.blob. */
export function builtPolicies(directory: string): ShippedPolicies {
  return {
    names: () => namesIn(directory, '.json'),
    read: (name) => {
      const text = readIfThere(join(directory, `${name}.json`));
      return text === undefined ? undefined : fromJson(text.toString('utf8'));
    },
    blob: (name) => readIfThere(join(directory, `${name}.blob`)),
    stamp: () =>
      namesIn(directory, '.json')
        .map((name) => stampOf(join(directory, `${name}.json`)))
        .join(' '),
  };
}

/** Empty where there is none: a container's user need not be in /etc/passwd. */
function homeOf(environment: NodeJS.ProcessEnv): string {
  try {
    return environment['HOME'] ?? homedir();
  } catch {
    return '';
  }
}

/**
 * The places that count for a user: the package, /etc/seccomp-spoof/policies, and
 * $XDG_CONFIG_HOME/seccomp-spoof/policies (~/.config if it is unset or, as its specification says,
 * not absolute).
 */
export function defaultLocations(environment: NodeJS.ProcessEnv = process.env): PolicyLocations {
  const configured = environment['XDG_CONFIG_HOME'] ?? '';
  const config = isAbsolute(configured) ? configured : join(homeOf(environment), '.config');
  const user = join(config, 'seccomp-spoof/policies');
  return {
    shipped: builtPolicies(join(PACKAGE_DIRECTORY, 'dist/policies')),
    directories: isAbsolute(user) ? [SYSTEM_DIRECTORY, user] : [SYSTEM_DIRECTORY],
  };
}

/** Every name that can be looked up now, for suggestions and lists. */
export function knownNames(locations: PolicyLocations): string[] {
  const files = locations.directories.flatMap((directory) => namesIn(directory, '.yaml'));
  return [...new Set([...locations.shipped.names(), ...files])];
}

/**
 * The file of a reference with a `/`, relative to `directory`, and how messages call it:
 * `shownDirectory` is what they call that directory (empty: the working directory).
 */
export function fileOf(
  reference: string,
  directory: string,
  shownDirectory: string,
): { readonly shown: string; readonly path: string } {
  return {
    shown: normalize(isAbsolute(reference) ? reference : join(shownDirectory, reference)),
    // No join() for the path to open: it would take `..` off a symbolic link as text.
    path: isAbsolute(reference) ? reference : `${directory}/${reference}`,
  };
}
