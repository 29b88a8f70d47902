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
import { mapRules, toJson, type FileAnswer, type NormalisedPolicy } from '../policy/normalised.js';
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
function withoutDirectory(policy: NormalisedPolicy): NormalisedPolicy {
  const placed = mapRules(policy, (rule) => ({ ...rule, origin: fromPackage(rule.origin) }));
  const files = placed.files.map((rule) => ({ ...rule, answer: answerFromPackage(rule.answer) }));
  return { ...placed, files };
}

function compileAll(): void {
  const sources = join(PACKAGE_DIRECTORY, 'policies');
  const output = join(PACKAGE_DIRECTORY, 'dist/policies');
  const loader = new PolicyLoader({ shipped: NONE_BUILT, directories: [sources] });
  // Policies that were renamed or removed must not live on.
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  for (const name of namesIn(sources, '.yaml')) {
    const loaded = loader.load(name, sources);
    const policy = { ...loaded, policy: withoutDirectory(loaded.policy) };
    writeFileSync(join(output, `${name}.json`), toJson(policy));
    writeFileSync(join(output, `${name}.blob`), compilePolicy(policy.policy, name));
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
