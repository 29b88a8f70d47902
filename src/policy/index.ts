/**
 * The door to policies: from what the user asked for to the blob. With shipped policies and
 * --fstype only, neither yaml nor zod is loaded; with one shipped policy alone, nothing is compiled
 * and nothing but this file and two small ones: every module costs a start about a millisecond.
 */
import { InstallError, UsageError } from '../errors.js';
import { DEFAULT_POLICY, defaultLocations, fileOf, type PolicyLocations } from './locations.js';
import {
  EMPTY_POLICY,
  NAME_PATTERN,
  type CompiledPolicy,
  type NamedPolicy,
  type Parameter,
  type ReadFile,
  type ResolvedPolicy,
} from './normalised.js';
import { fillNamed } from './parameters.js';
import type { CachedFile } from './cache.js';
import type { PolicyLoader } from './load.js';

export { PolicyError, formatProblem, type Problem } from './problem.js';
export type { NormalisedPolicy } from './normalised.js';
export { DEFAULT_POLICY } from './locations.js';

/** What the user asked for. */
export interface PolicyRequest {
  /**
   * Names, paths (with a `/`), or policies as objects; later ones beat earlier ones. Messages call an
   * object `policy`, with its index where there are several.
   */
  readonly policies: readonly (string | object)[];
  /** `REAL=TOLD`, as in `9p=ext4`; they beat every policy. */
  readonly fstypes: readonly string[];
  /** Values of parameters; one that no policy declares is a fault. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Values that hold where a policy declares such a parameter, and nobody gives another one. */
  readonly suggested?: Readonly<Record<string, string>> | undefined;
  /** Absolute; relative paths start there. Default: the working directory. */
  readonly baseDirectory?: string | undefined;
  /** Where names are looked up. Default: as the environment says. */
  readonly locations?: PolicyLocations | undefined;
  /** Root uses files that others could have written, too. */
  readonly insecure?: boolean | undefined;
}

/** What is given counts more than what is suggested. */
function valuesFor({
  parameters = {},
  suggested = {},
}: PolicyRequest): ReadonlyMap<string, string> {
  return new Map(Object.entries({ ...suggested, ...parameters }));
}

/** Throws UsageError for a value that none of the policies asks for, or that is no directory. */
async function checkGiven(
  given: NonNullable<PolicyRequest['parameters']>,
  layers: readonly NamedPolicy[],
): Promise<void> {
  const { didYouMean } = await import('./suggest.js');
  const names = layers.flatMap(({ parameters = [] }) => parameters.map(({ name }) => name));
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const known = names.length === 0 ? 'it has none' : `known are ${[...new Set(names)].join(', ')}`;
  throw new UsageError(
    `--set ${unknown}: the policy has no such parameter; ${didYouMean(unknown, names, known)}`,
  );
}

/** Where the rules come from. */
interface Origin {
  /** No file of a policy has named another one, but for those of this package. */
  readonly standsAlone: boolean;
  /** All are policies of this package. */
  readonly areShipped: boolean;
}

/** Loads layer by layer; the loader, with yaml and zod, comes in with the first file. */
async function loadLayers(
  request: PolicyRequest,
  references: PolicyRequest['policies'],
  locations: PolicyLocations,
  known: ReadFile | undefined,
): Promise<Origin & { readonly layers: readonly NamedPolicy[] }> {
  const { insecure, baseDirectory } = request;
  // Not process.cwd(): that throws where the working directory was removed.
  const directory = baseDirectory ?? '.';
  const values = valuesFor(request);
  let loader: PolicyLoader | undefined;
  const layers: NamedPolicy[] = [];
  for (const [index, reference] of references.entries()) {
    const named = typeof reference === 'string' ? shippedOnly(reference, locations) : undefined;
    if (named !== undefined) {
      layers.push(fillNamed(named, values));
      continue;
    }
    loader ??= new (await import('./load.js')).PolicyLoader(locations, { insecure, known, values });
    const name = references.length === 1 ? 'policy' : `policy[${index}]`;
    layers.push(
      typeof reference === 'string'
        ? loader.load(reference, directory)
        : loader.loadObject(reference, name, directory),
    );
  }
  if (Object.keys(request.parameters ?? {}).length > 0) {
    await checkGiven(request.parameters ?? {}, layers);
  }
  return {
    layers,
    standsAlone: loader?.standsAlone ?? true,
    areShipped: loader === undefined,
  };
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
function requestedPolicies({ policies, fstypes }: PolicyRequest): PolicyRequest['policies'] {
  return policies.length === 0 && fstypes.length === 0 ? [DEFAULT_POLICY] : policies;
}

/**
 * The policy that was asked for, checked and merged but not compiled: the native library is not
 * needed. Throws PolicyError (with the place of every fault), UsageError for a wrong --fstype, or
 * InstallError.
 */
export async function mergePolicies(
  request: PolicyRequest,
  known?: ReadFile,
): Promise<ResolvedPolicy & Origin> {
  const locations = request.locations ?? defaultLocations();
  const [{ fstypePolicy }, { override }] = await Promise.all([
    import('./fstype.js'),
    import('./merge.js'),
  ]);
  const told = fstypePolicy(request.fstypes);
  const references = requestedPolicies(request);
  const { layers, ...origin } = await loadLayers(request, references, locations, known);
  const merged = layers.reduce((lower, { policy }) => override(lower, policy), EMPTY_POLICY);
  return {
    names: [
      ...layers.map(({ name }) => name),
      ...request.fstypes.map((argument) => `--fstype ${argument}`),
    ],
    policy: override(merged, told),
    parameters: parametersOf(layers),
    ...origin,
  };
}

/** The parameters of all layers; of two that have one name the later one. */
function parametersOf(layers: readonly NamedPolicy[]): readonly Parameter[] {
  const all = layers.flatMap(({ parameters = [] }) => parameters);
  return [...new Map(all.map((each) => [each.name, each])).values()];
}

/** Nobody gives a value that differs from what the compiled policy of this package has. */
function areDefaults(request: PolicyRequest, name: string, { shipped }: PolicyLocations): boolean {
  const values = valuesFor(request);
  if (values.size === 0) return true;
  const { parameters = [] } = shipped.read(name) ?? {};
  const declared = new Map(parameters.map((each) => [each.name, each.default]));
  // What is unknown is told of elsewhere.
  if (Object.keys(request.parameters ?? {}).some((given) => !declared.has(given))) return false;
  return [...values].every(([each, value]) => !declared.has(each) || declared.get(each) === value);
}

/**
 * The policy that was asked for, ready for use. Throws PolicyError (with the place of every fault),
 * UsageError for a wrong --fstype, InstallError if the package is not complete, NativeError if
 * there is no memory.
 */
export async function resolvePolicy(request: PolicyRequest): Promise<CompiledPolicy> {
  const locations = request.locations ?? defaultLocations();
  const references = requestedPolicies(request);
  const [only] = references.length === 1 && request.fstypes.length === 0 ? references : [];
  if (typeof only === 'string' && NAME_PATTERN.test(only)) {
    const blob = locations.shipped.blob(only);
    if (blob !== undefined && areDefaults(request, only, locations)) {
      return shippedPolicy(only, blob, locations);
    }
  }
  const entry = typeof only === 'string' ? await entryOf(only, request, locations) : undefined;
  const kept = entry?.cached.read();
  if (entry !== undefined && kept !== undefined) return { ...kept, reads: [entry] };
  const merged = await mergePolicies({ ...request, locations }, entry);
  const { names, policy, parameters = [], standsAlone, areShipped } = merged;
  const { compilePolicy } = await import('./compile.js');
  const compiled = { names, policy, parameters, blob: compilePolicy(policy, names.join(', ')) };
  if (standsAlone) entry?.cached.write(compiled);
  if (entry !== undefined && standsAlone) return { ...compiled, reads: [entry] };
  return areShipped ? { ...compiled, reads: [] } : compiled;
}

/** Where one policy file alone may be kept, compiled; and the file. */
async function entryOf(
  reference: string,
  { baseDirectory = '.', insecure, parameters = {}, suggested = {} }: PolicyRequest,
  { shipped }: PolicyLocations,
): Promise<(ReadFile & { readonly cached: CachedFile }) | undefined> {
  if (!reference.includes('/')) return undefined;
  const { CachedFile } = await import('./cache.js');
  const { shown, path } = fileOf(reference, baseDirectory, '');
  const given = [parameters, suggested].flatMap((each) => [Object.entries(each).sort()]);
  const cached = CachedFile.of(shown, path, shipped, { insecure }, JSON.stringify(given));
  return cached === undefined ? undefined : { path, text: cached.text, cached };
}

/** The rules are read only if somebody asks for them: exec needs the blob alone. */
function shippedPolicy(
  name: string,
  blob: Uint8Array,
  { shipped }: PolicyLocations,
): CompiledPolicy {
  let named: NamedPolicy | undefined;
  const read = (): NamedPolicy =>
    (named ??= fillNamed(
      shipped.read(name) ?? { name, description: undefined, policy: EMPTY_POLICY },
      new Map(),
    ));
  return {
    names: [name],
    blob,
    isShipped: true,
    reads: [],
    get policy() {
      return read().policy;
    },
    get parameters() {
      return read().parameters ?? [];
    },
  };
}
