/** Finds policy files, reads them, and merges in what they extend. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { readDocument, type PolicyFile, type Reference } from './document.js';
import { fileOf, knownNames, type PolicyLocations } from './locations.js';
import { override, removeRule, ruleIds } from './merge.js';
import {
  EMPTY_POLICY,
  NAME_PATTERN,
  type NamedPolicy,
  type NormalisedPolicy,
} from './normalised.js';
import { PolicyError, type Problem } from './problem.js';
import { readText, reasonOf } from './read.js';
import { didYouMean, suggest } from './suggest.js';

/** A file on its way: what it was found as, and which files led to it. */
interface Found {
  /** As messages call it. */
  readonly shown: string;
  readonly path: string;
  /** The name it was looked up by; undefined if it was named by its path. */
  readonly lookedUp: string | undefined;
}

/** Makes a problem at the place where a policy was asked for. */
type Complain = (message: string, suggestion?: string) => Problem;

const onCommandLine: Complain = (message, suggestion) => ({ message, suggestion });

/**
 * Loads policies for one purpose. Every file is read once; a file that is named in two ways is
 * still one policy.
 */
export class PolicyLoader {
  readonly #locations: PolicyLocations;
  readonly #loaded = new Map<string, NamedPolicy>();
  #standsAlone = true;

  constructor(locations: PolicyLocations) {
    this.#locations = locations;
  }

  /**
   * The policy that `reference` names (with a `/` it is a path, relative to `directory`), with all
   * that it extends. Throws PolicyError with every problem that was found.
   */
  load(reference: string, directory: string): NamedPolicy {
    return this.#load(reference, directory, '', onCommandLine, []);
  }

  /** No file that was loaded has named another one that is not of this package: policies, content. */
  get standsAlone(): boolean {
    return this.#standsAlone;
  }

  #load(
    reference: string,
    directory: string,
    shownDirectory: string,
    complain: Complain,
    chain: readonly Found[],
  ): NamedPolicy {
    const found = this.#find(reference, directory, shownDirectory, complain);
    if (!('path' in found)) return found;
    if (chain.length > 0) this.#standsAlone = false;
    const identity = identityOf(found.path);
    const done = this.#loaded.get(identity);
    if (done !== undefined) return done;
    const first = chain.findIndex(({ path }) => identityOf(path) === identity);
    if (first >= 0) {
      const names = [...chain.slice(first), found].map(({ shown }) => shown);
      const message = `policies extend each other in a circle: ${names.join(' -> ')}`;
      throw new PolicyError([complain(message, 'remove one of these from its extends')]);
    }
    const policy = this.#read(found, complain, chain);
    this.#loaded.set(identity, policy);
    return policy;
  }

  #read(found: Found, complain: Complain, chain: readonly Found[]): NamedPolicy {
    let text: string;
    try {
      text = readText(found.path);
    } catch (error) {
      const message = `the policy file ${JSON.stringify(found.shown)} ${reasonOf(error)}`;
      throw new PolicyError([complain(message, 'name a YAML file that can be read')]);
    }
    const { file, problems } = readDocument(text, found.shown, dirname(found.path));
    if (file === undefined) throw new PolicyError(problems);
    if (file.readsContent) this.#standsAlone = false;
    if (found.lookedUp !== undefined && found.lookedUp !== file.name) {
      const message = `the policy is looked up as ${found.lookedUp} but calls itself ${file.name}`;
      throw new PolicyError([file.nameProblem(message, `write name: ${found.lookedUp}`)]);
    }
    const inherited = this.#inherited(file, found, [...chain, found]);
    return {
      name: file.name,
      description: file.description,
      policy: override(inherited, file.rules),
    };
  }

  /** What the file takes over from others: later ones lie on earlier ones, less what it removes. */
  #inherited(file: PolicyFile, found: Found, chain: readonly Found[]): NormalisedPolicy {
    const problems: Problem[] = [];
    let inherited = EMPTY_POLICY;
    for (const parent of file.extends) {
      try {
        const { policy } = this.#load(
          parent.text,
          dirname(found.path),
          dirname(found.shown),
          (message, suggestion) => parent.problem(message, suggestion),
          chain,
        );
        inherited = override(inherited, policy);
      } catch (error) {
        if (!(error instanceof PolicyError)) throw error;
        problems.push(...error.problems);
      }
    }
    // Without its parents nobody can say which rules there are to remove.
    if (problems.length > 0) throw new PolicyError(problems);
    for (const removal of file.remove) {
      const rest = removeRule(inherited, removal.text);
      if (rest === undefined) problems.push(noSuchRule(removal, inherited));
      else inherited = rest;
    }
    if (problems.length > 0) throw new PolicyError(problems);
    return inherited;
  }

  #find(
    reference: string,
    directory: string,
    shownDirectory: string,
    complain: Complain,
  ): Found | NamedPolicy {
    if (reference.includes('/')) {
      return { ...fileOf(reference, directory, shownDirectory), lookedUp: undefined };
    }
    const shipped = NAME_PATTERN.test(reference)
      ? this.#locations.shipped.read(reference)
      : undefined;
    if (shipped !== undefined) return shipped;
    for (const place of NAME_PATTERN.test(reference) ? this.#locations.directories : []) {
      const path = join(place, `${reference}.yaml`);
      if (existsSync(path)) return { shown: path, path, lookedUp: reference };
    }
    throw new PolicyError([this.#notFound(reference, directory, complain)]);
  }

  #notFound(reference: string, directory: string, complain: Complain): Problem {
    const message = `there is no policy called ${JSON.stringify(reference)}`;
    if (
      /\.ya?ml$/.test(reference) ||
      (reference !== '' && existsSync(join(directory, reference)))
    ) {
      return complain(message, `a path has a slash: write ./${reference}`);
    }
    const known = knownNames(this.#locations);
    const all = `known are ${known.join(', ')}; a path has a slash: ./FILE.yaml`;
    return complain(message, didYouMean(reference, known, all));
  }
}

/** The file itself, whatever it is called. A pipe has no path that could be resolved. */
function identityOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function noSuchRule(removal: Reference, inherited: NormalisedPolicy): Problem {
  const ids = ruleIds(inherited);
  const message = `no inherited rule is called ${JSON.stringify(removal.text)}`;
  const ending = ids.filter((id) => id.endsWith(`/${removal.text}`));
  const near = ending.length === 1 ? ending[0] : suggest(removal.text, ids);
  if (near !== undefined) return removal.problem(message, `did you mean ${near}?`);
  const suggestion =
    ids.length === 0 ? 'nothing is inherited: remove this line' : `known are ${ids.join(', ')}`;
  return removal.problem(message, suggestion);
}
