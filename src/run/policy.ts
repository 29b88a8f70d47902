/** Loading of policies as library users and the command line see it. */
import { resolvePolicy } from '../policy/index.js';

/** What resolvePolicy() gives: names, normalised rules, and the compiled blob. */
export type LoadedPolicy = Awaited<ReturnType<typeof resolvePolicy>>;

/** Which rules are wanted. */
export interface PolicyOptions {
  /** Names of policies, or files (a path contains a `/`); a later one beats an earlier one. */
  readonly policy?: string | readonly string[] | undefined;
  /** Filesystem types: `{ '9p': 'ext4' }`, or the pairs of `--fstype`: `9p=ext4`. */
  readonly fstype?: string | readonly string[] | Readonly<Record<string, string>> | undefined;
  /** The directory that relative files start from. Default: the working directory. */
  readonly baseDirectory?: string | undefined;
}

function listOf(value: string | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : [...value];
}

function isRecord(value: PolicyOptions['fstype']): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && !Array.isArray(value);
}

/**
 * Loads and compiles a policy. Without any option it is the default one, 9p-as-ext4. Throws
 * PolicyError, whose message has file, line and column, UsageError for a wrong `fstype`,
 * InstallError if the package is not complete, NativeError if there is no memory.
 */
export async function loadPolicy(options: PolicyOptions = {}): Promise<LoadedPolicy> {
  const { policy, fstype, baseDirectory } = options;
  return resolvePolicy({
    policies: listOf(policy),
    fstypes: isRecord(fstype)
      ? Object.entries(fstype).map(([from, to]) => `${from}=${to}`)
      : listOf(fstype),
    baseDirectory,
  });
}
