/**
 * Build step: writes dist/policies/NAME.json and NAME.blob for each policies/NAME.yaml, and
 * dist/policy.schema.json. Run it when TypeScript and the native library are built:
 * `node dist/build/compile-policies.js`.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { messageOf } from '../errors.js';
import { compilePolicy } from '../policy/compile.js';
import { PolicyLoader } from '../policy/load.js';
import { namesIn, PACKAGE_DIRECTORY, type ShippedPolicies } from '../policy/locations.js';
import { mapRules, toJson, type FileAnswer, type NamedPolicy } from '../policy/normalised.js';
import { fillNamed } from '../policy/parameters.js';
import { policyJsonSchema } from '../policy/schema.js';

/** While building, shipped policies find each other as files beside them. */
const NONE_BUILT: ShippedPolicies = {
  names: () => [],
  read: () => undefined,
  blob: () => undefined,
  stamp: () => '',
};

/** A path as seen from the package, not from the machine that builds it. */
function fromPackage(path: string): string {
  return relative(PACKAGE_DIRECTORY, path);
}

function answerFromPackage(answer: FileAnswer): FileAnswer {
  if ('rewrite' in answer) {
    const rewrite = answer.rewrite.map((edit) => ({ ...edit, origin: fromPackage(edit.origin) }));
    return { ...answer, rewrite };
  }
  if (!('content' in answer) || answer.contentFile === undefined) return answer;
  return { ...answer, contentFile: fromPackage(answer.contentFile) };
}

/** The policy without the directories of the machine that builds it. */
function withoutDirectory(named: NamedPolicy): NamedPolicy {
  const place = <T extends { readonly origin: string }>(it: T): T => ({
    ...it,
    origin: fromPackage(it.origin),
  });
  const placed = mapRules(named.policy, place);
  const files = placed.files.map((rule) => ({ ...rule, answer: answerFromPackage(rule.answer) }));
  const policy = { ...placed, files };
  if (named.parameters === undefined) return { ...named, policy };
  return { ...named, policy, parameters: named.parameters.map(place) };
}

/** Merged before its parameters have values, a policy must be what it is when merged afterwards. */
function checkTemplate(template: NamedPolicy, loaded: NamedPolicy): void {
  const without = toJson({ ...fillNamed(template, new Map()), parameters: [] });
  if (without === toJson({ ...loaded, parameters: [] })) return;
  throw new Error(
    `${loaded.name} extends a policy with parameters in a way that is not built here`,
  );
}

function compileAll(): void {
  const sources = join(PACKAGE_DIRECTORY, 'policies');
  const output = join(PACKAGE_DIRECTORY, 'dist/policies');
  const locations = { shipped: NONE_BUILT, directories: [sources] };
  // Whoever builds the package has written all of it.
  const loader = new PolicyLoader(locations, { insecure: true });
  const templates = new PolicyLoader(locations, { insecure: true, keepPlaceholders: true });
  // Policies that were renamed or removed must not live on.
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  for (const name of namesIn(sources, '.yaml')) {
    const loaded = withoutDirectory(loader.load(name, sources));
    const template = withoutDirectory(templates.load(name, sources));
    checkTemplate(template, loaded);
    writeFileSync(join(output, `${name}.json`), toJson(template));
    writeFileSync(join(output, `${name}.blob`), compilePolicy(loaded.policy, name));
  }
  const schema = join(PACKAGE_DIRECTORY, 'dist/policy.schema.json');
  writeFileSync(schema, `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
}

try {
  compileAll();
} catch (error) {
  process.stderr.write(`compile-policies: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
