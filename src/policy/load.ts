/** Finds policy files, reads them, and merges in what they extend. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { readDocument, readObject, type PolicyFile, type Reference } from './document.js';
import { fileOf, knownNames, type PolicyLocations } from './locations.js';
import { override, removeRule, ruleIds } from './merge.js';
import {
  EMPTY_POLICY,
  NAME_PATTERN,
  type ReadFile,
  type FileRule,
  type NamedPolicy,
  type NormalisedPolicy,
  type Parameter,
} from './normalised.js';
import { fillNamed, fillPolicy, joinParameters, valuesOf, type Values } from './parameters.js';
import { PolicyError, type Problem } from './problem.js';
import { adviceOn, readBytes, reasonOf, textOf, type Reading } from './read.js';
import { checkTarget } from './schema/files-check.js';
import { didYouMean, suggest } from './suggest.js';

/** A file on its way: what it was found as, and which files led to it. */
interface Found {
  /** As messages call it. */
  readonly shown: string;
  readonly path: string;
  /** The name it was looked up by; undefined if it was named by its path. */
  readonly lookedUp: string | undefined;
}

/** How files are read. */
export interface Loading extends Reading {
  /** Values for parameters, whichever policy declares them. */
  readonly values?: Values | undefined;
  /** Parameters get no values: placeholders stay in the rules. */
  readonly keepPlaceholders?: true | undefined;
  /** One that was read already: a pipe can be read once, and what was judged is what counts. */
  readonly known?: ReadFile | undefined;
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
  readonly #loading: Loading;
  /** By file and values: those that a file gives to what it extends may differ. */
  readonly #loaded = new Map<string, NamedPolicy>();
  #standsAlone = true;

  constructor(locations: PolicyLocations, loading: Loading = {}) {
    this.#locations = locations;
    this.#loading = loading;
  }

  /**
   * The policy that `reference` names (with a `/` it is a path, relative to `directory`), with all
   * that it extends. Throws PolicyError with every problem that was found.
   */
  load(reference: string, directory: string): NamedPolicy {
    return this.#load(reference, directory, '', onCommandLine, [], this.#values);
  }

  /** A policy that is an object, which messages call `name`; else as load(). */
  loadObject(object: object, name: string, directory: string): NamedPolicy {
    this.#standsAlone = false;
    const { file, problems } = readObject(object, name, directory, this.#loading);
    if (file === undefined) throw new PolicyError(problems);
    const place = { shown: name, path: `${directory}/${name}`, lookedUp: undefined };
    return this.#complete(file, place, '', [], this.#values);
  }

  get #values(): Values {
    return this.#loading.values ?? new Map<string, string>();
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
    values: Values,
  ): NamedPolicy {
    const found = this.#find(reference, directory, shownDirectory, complain);
    if (!('path' in found)) {
      return this.#loading.keepPlaceholders === true ? found : fillNamed(found, values);
    }
    if (chain.length > 0) this.#standsAlone = false;
    const identity = identityOf(found.path);
    const key = JSON.stringify([identity, ...values]);
    const done = this.#loaded.get(key);
    if (done !== undefined) return done;
    const first = chain.findIndex(({ path }) => identityOf(path) === identity);
    if (first >= 0) {
      const names = [...chain.slice(first), found].map(({ shown }) => shown);
      const message = `policies extend each other in a circle: ${names.join(' -> ')}`;
      throw new PolicyError([complain(message, 'remove one of these from its extends')]);
    }
    const policy = this.#read(found, complain, chain, values);
    this.#loaded.set(key, policy);
    return policy;
  }

  #read(found: Found, complain: Complain, chain: readonly Found[], values: Values): NamedPolicy {
    const { known } = this.#loading;
    let text: string;
    try {
      const kept = known?.path === found.path ? known.text : undefined;
      text = textOf(kept ?? readBytes(found.path, this.#loading));
    } catch (error) {
      const message = `the policy file ${JSON.stringify(found.shown)} ${reasonOf(error)}`;
      const advice = adviceOn(error, 'name a YAML file that can be read');
      throw new PolicyError([complain(message, advice)]);
    }
    const directory = dirname(found.path);
    const { file, problems } = readDocument(text, found.shown, directory, this.#loading);
    if (file === undefined) throw new PolicyError(problems);
    if (file.readsContent) this.#standsAlone = false;
    if (found.lookedUp !== undefined && found.lookedUp !== file.name) {
      const message = `the policy is looked up as ${found.lookedUp} but calls itself ${file.name}`;
      throw new PolicyError([file.nameProblem(message, `write name: ${found.lookedUp}`)]);
    }
    return this.#complete(file, found, dirname(found.shown), [...chain, found], values);
  }

  /** The file with what it extends, and with values for the parameters of both. */
  #complete(
    file: PolicyFile,
    found: Found,
    shownDirectory: string,
    chain: readonly Found[],
    values: Values,
  ): NamedPolicy {
    const { name, description } = file;
    const inherited = this.#inherited(file, found, shownDirectory, chain, values);
    const joined = joinParameters(inherited.parameters, file.parameters, values);
    const keep = this.#loading.keepPlaceholders === true;
    const problems = [...unknown(file.uses, joined), ...(keep ? [] : missing(file, joined))];
    if (problems.length > 0) throw new PolicyError(problems);
    const own = keep ? file.rules : fillPolicy(file.rules, valuesOf(joined));
    const circles = own.files.flatMap(circlesOf);
    if (circles.length > 0) throw new PolicyError(circles);
    const policy = override(inherited.policy, own);
    if (joined.length === 0) return { name, description, policy };
    const parameters = keep ? joined.map((each) => ({ ...each, value: undefined })) : joined;
    return { name, description, policy, parameters };
  }

  /** What the file takes over from others: later ones lie on earlier ones, less what it removes. */
  #inherited(
    file: PolicyFile,
    found: Found,
    shownDirectory: string,
    chain: readonly Found[],
    values: Values,
  ): { readonly policy: NormalisedPolicy; readonly parameters: readonly Parameter[] } {
    // Its own defaults are values for what it extends.
    const below = new Map([...valuesOf(joinParameters([], file.parameters, new Map())), ...values]);
    const problems: Problem[] = [];
    let inherited = EMPTY_POLICY;
    let parameters: readonly Parameter[] = [];
    for (const parent of file.extends) {
      try {
        const loaded = this.#load(
          parent.text,
          dirname(found.path),
          shownDirectory,
          (message, suggestion) => parent.problem(message, suggestion),
          chain,
          below,
        );
        inherited = override(inherited, loaded.policy);
        parameters = joinParameters(parameters, loaded.parameters ?? [], below);
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
    return { policy: inherited, parameters };
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

/** Paths that name what nobody declares. */
function unknown(uses: readonly Reference[], declared: readonly Parameter[]): Problem[] {
  const names = declared.map(({ name }) => name);
  return uses
    .filter(({ text }) => !names.includes(text))
    .map((use) => {
      const declare = `write parameters: { ${use.text}: { default: /DIRECTORY } }`;
      return use.problem(`there is no parameter ${use.text}`, didYouMean(use.text, names, declare));
    });
}

/** Parameters that have no value; those that are inherited have one, or were told of before. */
function missing(file: PolicyFile, joined: readonly Parameter[]): Problem[] {
  const without = joined.filter(({ value }) => value === undefined).map(({ name }) => name);
  return file.declarations
    .filter(({ text }) => without.includes(text))
    .map((declaration) =>
      declaration.problem(
        `the parameter ${declaration.text} has no value`,
        `say --set ${declaration.text}=/DIRECTORY (library: parameters), or write default: /DIRECTORY`,
      ),
    );
}

/** A value may lead a redirect into the rule's own path, which the schema could not know. */
function circlesOf({ origin, when, answer }: FileRule): Problem[] {
  if (!('redirect' in answer)) return [];
  return checkTarget({ path: when.paths, redirect: answer.redirect }).map(
    ({ message, suggestion }) => ({ path: origin, message, suggestion }),
  );
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
