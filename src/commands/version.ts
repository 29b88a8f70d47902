/** `seccomp-spoof version`: the versions of everything that takes part. */
import { readFileSync } from 'node:fs';
import { machine, release } from 'node:os';

import invariant from 'tiny-invariant';

import { parseFlags } from '../command-line/flags.js';
import { plainHelp } from '../command-line/help.js';
import { HELP } from '../command-line/option.js';
import { NO, YES } from '../command-line/status.js';
import { messageOf, SpoofError } from '../errors.js';
import { abiVersion } from '../native/library.js';
import { NATIVE_PLATFORM, supervisorPath } from '../native/paths.js';
import type { Io } from '../run/stdio.js';

export const USAGE = {
  synopsis: 'version [--json]',
  about: 'Say the versions of the package, its supervisor, the kernel and Node.',
  options: {
    json: { about: 'as one JSON object: package, platform, abi, kernel, node' },
    help: HELP,
  },
};

/** What takes part in `exec`, with versions. */
export interface Versions {
  /** Of this package. */
  readonly package: string;
  /** What the native files were built for: `linux-x64`. */
  readonly platform: string;
  /** Of the border between JavaScript and C; null if the native files cannot be used. */
  readonly abi: number | null;
  /** Kernel release and machine. */
  readonly kernel: string;
  readonly node: string;
}

export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const description: unknown = JSON.parse(text);
  invariant(typeof description === 'object' && description !== null && 'version' in description);
  return String(description.version);
}

/** The versions, and what is wrong with the native files if they cannot be used. */
export function versions(): { readonly versions: Versions; readonly problem: string | undefined } {
  let abi: number | null = null;
  let problem: string | undefined;
  try {
    abi = abiVersion();
    supervisorPath();
  } catch (error) {
    if (!(error instanceof SpoofError)) throw error;
    problem = messageOf(error);
  }
  return {
    versions: {
      package: packageVersion(),
      platform: NATIVE_PLATFORM,
      abi,
      kernel: `${release()} ${machine()}`,
      node: process.version,
    },
    problem,
  };
}

/** Runs `version`: 0, or 1 if the native files cannot be used. Throws UsageError. */
export async function versionCommand(words: readonly string[], io: Io): Promise<number> {
  const flags = await parseFlags('version', words, USAGE.options);
  if (flags.help) {
    io.out(plainHelp(USAGE));
    return YES;
  }
  const { versions: found, problem } = versions();
  if (flags.json) {
    io.out(`${JSON.stringify(found)}\n`);
  } else {
    io.out(
      [
        `seccomp-spoof  ${found.package}`,
        `supervisor     ${problem === undefined ? `ABI ${String(found.abi)}, ${found.platform}` : 'cannot be used'}`,
        `kernel         Linux ${found.kernel}`,
        `node           ${found.node}`,
        '',
      ].join('\n'),
    );
  }
  if (problem === undefined) return YES;
  io.err(`seccomp-spoof: ${problem}\n`);
  return NO;
}
