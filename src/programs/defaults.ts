/**
 * Which shipped policy `exec` takes by itself for programs that are known to need one of their own.
 * A user who names a policy or --fstype is never second-guessed, and nothing is ever added to the
 * command's own words.
 */
import { existsSync } from 'node:fs';

import { UsageError } from '../errors.js';
import { DEFAULT_POLICY } from '../policy/locations.js';

/** What kind of kernel a program would see, as far as policies differ by it. */
export type Environment = 'linux' | 'gvisor';

/** Programs, by the last part of their path, and their policy in each environment. */
export interface ProgramDefault {
  readonly programs: readonly string[];
  readonly policies: Readonly<Record<Environment, string>>;
}

/** A policy that was chosen for a command. */
export interface Choice {
  readonly policy: string;
  readonly environment: Environment;
  /** The program that it was chosen for; undefined: it is the default one, for any other. */
  readonly program: string | undefined;
}

export const PROGRAM_DEFAULTS: readonly ProgramDefault[] = [
  { programs: ['k3s', 'kubelet'], policies: { linux: 'k3s', gvisor: 'k3s-gvisor' } },
  { programs: ['cadvisor'], policies: { linux: DEFAULT_POLICY, gvisor: 'k3s-gvisor' } },
];

/** A sysctl that every Linux has, whose absence ends kubelet, and which gVisor has not. */
const TELLTALE = '/proc/sys/kernel/panic';

/** How an environment was recognised, for people. */
export const ENVIRONMENT_SIGNS: Readonly<Record<Environment, string>> = {
  linux: `a Linux kernel: ${TELLTALE} is there`,
  gvisor: `as in gVisor: ${TELLTALE} is missing`,
};

/** Looks, instead of asking for a version: a sandbox may call itself what it likes. */
export function environmentHere(): Environment {
  return existsSync('/proc/sys/kernel') && !existsSync(TELLTALE) ? 'gvisor' : 'linux';
}

/** The last part of a path: the name by which a program is known. */
export function nameOfProgram(command: string): string {
  return command.slice(command.lastIndexOf('/') + 1);
}

/** The policy for a command (its first word) where the user has named none. Throws UsageError. */
export function choosePolicy(command: string, environment = environmentHere()): Choice {
  // Users of the library may have given anything.
  if (typeof command !== 'string' || !Object.hasOwn(ENVIRONMENT_SIGNS, environment)) {
    const known = Object.keys(ENVIRONMENT_SIGNS).join(' or ');
    throw new UsageError(`choosePolicy: give the command as a text, and ${known} or nothing`);
  }
  const name = nameOfProgram(command);
  const known = PROGRAM_DEFAULTS.find(({ programs }) => programs.includes(name));
  return {
    policy: known?.policies[environment] ?? DEFAULT_POLICY,
    environment,
    program: known === undefined ? undefined : name,
  };
}
