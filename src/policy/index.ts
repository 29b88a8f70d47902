/**
 * The door to policies: from what the user asked for to the blob. With shipped policies and
 * --fstype only, neither yaml nor zod is loaded; with one shipped policy alone, nothing is compiled
 * and nothing but this file and two small ones: every module costs a start about a millisecond.
 */
import { InstallError } from '../errors.js';
import { DEFAULT_POLICY, defaultLocations, fileOf, type PolicyLocations } from './locations.js';
import {
  EMPTY_POLICY,
  NAME_PATTERN,
  type CompiledPolicy,
  type NamedPolicy,
  type NormalisedPolicy,
  type ResolvedPolicy,
} from './normalised.js';
import type { CachedFile } from './cache.js';
import type { PolicyLoader } from './load.js';

export { PolicyError, formatProblem, type Problem } from './problem.js';
export type { NormalisedPolicy } from './normalised.js';
export { DEFAULT_POLICY } from './locations.js';

/** What the user asked for. */
export interface PolicyRequest {
  /** Names, or paths (with a `/`); later ones beat earlier ones. */
  readonly policies: readonly string[];
  /** `REAL=TOLD`, as in `9p=ext4`; they beat every policy. */
  readonly fstypes: readonly string[];
  /** Absolute; relative paths start there. Default: the working directory. */
  readonly baseDirectory?: string | undefined;
  /** Where names are looked up. Default: as the environment says. */
  readonly locations?: PolicyLocations | undefined;
}

/** Loads layer by layer; the loader, with yaml and zod, comes in with the first file. */
async function loadLayers(
  references: readonly string[],
  locations: PolicyLocations,
  directory: string,
): Promise<{ readonly layers: readonly NamedPolicy[]; readonly standsAlone: boolean }> {
  let loader: PolicyLoader | undefined;
  const layers: NamedPolicy[] = [];
  for (const reference of references) {
    const named = shippedOnly(reference, locations);
    if (named !== undefined) {
      layers.push(named);
      continue;
    }
    loader ??= new (await import('./load.js')).PolicyLoader(locations);
    layers.push(loader.load(reference, directory));
  }
  return { layers, standsAlone: loader?.standsAlone ?? true };
}

function shippedOnly(reference: string, { shipped }: PolicyLocations): NamedPolicy | undefined {
  if (!NAME_PATTERN.test(reference)) return undefined;
  const named = shipped.read(reference);
  if (named !== undefined || reference !== DEFAULT_POLICY) return named;
  // The default comes with every package: without it nothing was built.
  throw new InstallError(
    `dist/policies/${reference}.json`,
    `the policy ${reference} is missing in this package; ` +
      'in a checkout run "npm run build", otherwise install the package again',
  );
}

/** The policies that hold: the default one only if neither a policy nor --fstype was given. */
function requestedPolicies({ policies, fstypes }: PolicyRequest): readonly string[] {
  return policies.length === 0 && fstypes.length === 0 ? [DEFAULT_POLICY] : policies;
}

/**
 * The policy that was asked for, checked and merged but not compiled: the native library is not
 * needed. Throws PolicyError (with the place of every fault), UsageError for a wrong --fstype, or
 * InstallError.
 */
export async function mergePolicies(
  request: PolicyRequest,
): Promise<ResolvedPolicy & { readonly standsAlone: boolean }> {
  const locations = request.locations ?? defaultLocations();
  const [{ fstypePolicy }, { override }] = await Promise.all([
    import('./fstype.js'),
    import('./merge.js'),
  ]);
  const told = fstypePolicy(request.fstypes);
  // Not process.cwd(): that throws where the working directory was removed.
  const directory = request.baseDirectory ?? '.';
  const { layers, standsAlone } = await loadLayers(
    requestedPolicies(request),
    locations,
    directory,
  );
  const merged = layers.reduce((lower, { policy }) => override(lower, policy), EMPTY_POLICY);
  return {
    names: [
      ...layers.map(({ name }) => name),
      ...request.fstypes.map((argument) => `--fstype ${argument}`),
    ],
    policy: override(merged, told),
    /** No file of a policy has named another one, but for those of this package. */
    standsAlone,
  };
}

/**
 * The policy that was asked for, ready for use. Throws PolicyError (with the place of every fault),
 * UsageError for a wrong --fstype, InstallError if the package is not complete, NativeError if
 * there is no memory.
 */
export async function resolvePolicy(request: PolicyRequest): Promise<CompiledPolicy> {
  const locations = request.locations ?? defaultLocations();
  const references = requestedPolicies(request);
  const [only = ''] = references;
  if (references.length === 1 && request.fstypes.length === 0 && NAME_PATTERN.test(only)) {
    const blob = locations.shipped.blob(only);
    if (blob !== undefined) return shippedPolicy(only, blob, locations);
  }
  const entry = references.length === 1 ? await entryOf(only, request, locations) : undefined;
  const kept = entry?.read();
  if (kept !== undefined) return kept;
  const { names, policy, standsAlone } = await mergePolicies({ ...request, locations });
  const { compilePolicy } = await import('./compile.js');
  const compiled = { names, policy, blob: compilePolicy(policy, names.join(', ')) };
  if (standsAlone) entry?.write(compiled);
  return compiled;
}

/** Where one policy file alone may be kept, compiled. */
async function entryOf(
  reference: string,
  { fstypes, baseDirectory = '.' }: PolicyRequest,
  { shipped }: PolicyLocations,
): Promise<CachedFile | undefined> {
  if (!reference.includes('/') || fstypes.length > 0) return undefined;
  const { CachedFile } = await import('./cache.js');
  const { shown, path } = fileOf(reference, baseDirectory, '');
  return CachedFile.of(shown, path, shipped);
}

/** The rules are read only if somebody asks for them: exec needs the blob alone. */
function shippedPolicy(
  name: string,
  blob: Uint8Array,
  { shipped }: PolicyLocations,
): CompiledPolicy {
  let policy: NormalisedPolicy | undefined;
  return {
    names: [name],
    blob,
    get policy() {
      policy ??= shipped.read(name)?.policy ?? EMPTY_POLICY;
      return policy;
    },
  };
}
