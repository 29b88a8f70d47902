/** Loading of policies as library users and the command line see it. */
import { resolvePolicy } from '../policy/index.js';
import { allRules } from '../policy/normalised.js';

/** What resolvePolicy() gives: names, normalised rules, and the compiled blob. */
export type LoadedPolicy = Awaited<ReturnType<typeof resolvePolicy>>;

/** Which rules are wanted. */
export interface PolicyOptions {
  /**
   * Names of policies, files (a path contains a `/`), or what such a file says, as an object; a later
   * one beats an earlier one.
   */
  readonly policy?: PolicySource | readonly PolicySource[] | undefined;
  /** Filesystem types: `{ '9p': 'ext4' }`, or the pairs of `--fstype`: `9p=ext4`. */
  readonly fstype?: string | readonly string[] | Readonly<Record<string, string>> | undefined;
  /** Values of parameters: `{ data_dir: '/srv/k3s' }`, or the pairs of `--set`: `data_dir=/srv/k3s`. */
  readonly parameters?: string | readonly string[] | Readonly<Record<string, string>> | undefined;
  /** The directory that relative files start from. Default: the working directory. */
  readonly baseDirectory?: string | undefined;
  /** Root uses policies that others could have written, too. */
  readonly insecurePolicy?: boolean | undefined;
}

/** The name of a policy, its file, or what stands in it: the object that its YAML is. */
export type PolicySource = string | Readonly<Record<string, unknown>>;

function isList<T>(value: object | string | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function listOf<T extends object | string>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return isList<T>(value) ? value : [value];
}

function pairsOf(pairs: PolicyOptions['fstype']): readonly string[] {
  if (typeof pairs !== 'object' || isList<string>(pairs)) return listOf(pairs);
  return Object.entries(pairs).map(([from, to]) => `${from}=${to}`);
}

/** Loaded only where there is one. */
async function valuesOf(
  parameters: PolicyOptions['parameters'],
): Promise<Readonly<Record<string, string>> | undefined> {
  const pairs = pairsOf(parameters);
  return pairs.length === 0 ? undefined : (await import('../policy/set.js')).parametersOf(pairs);
}

/**
 * Loads and compiles a policy. Without any option it is the default one, 9p-as-ext4. Throws
 * PolicyError, whose message has file, line and column, UsageError for a wrong `fstype` or
 * `parameters`, InstallError if the package is not complete, NativeError if there is no memory. Values of
 * a wrong kind are the caller's fault (run/options.ts). `suggested`: values of parameters where nobody
 * has given another one, and a policy has such a parameter.
 */
export async function loadPolicy(
  options: PolicyOptions = {},
  suggested?: Readonly<Record<string, string>>,
): Promise<LoadedPolicy> {
  const { policy, fstype, parameters, baseDirectory, insecurePolicy } = options;
  return resolvePolicy({
    policies: listOf(policy),
    fstypes: pairsOf(fstype),
    parameters: await valuesOf(parameters),
    suggested,
    baseDirectory,
    insecure: insecurePolicy,
  });
}

/** What `--verbose` says of it. */
export function describePolicy({ names, policy, parameters = [] }: LoadedPolicy): string {
  const { length } = allRules(policy);
  const rules = length === 1 ? '1 rule' : `${length} rules`;
  const values = parameters.map(({ name, value = '' }) => `, ${name} ${value}`).join('');
  return `policy ${names.join(', ')}: ${rules}${values}`;
}
