// What docs/policy.md and the shipped policies show can be used as it stands.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { compilePolicy } from '../../src/policy/compile.js';
import { readDocument } from '../../src/policy/document.js';
import { allRules, EMPTY_POLICY } from '../../src/policy/normalised.js';
import { formatProblem } from '../../src/policy/problem.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HEAD = 'apiVersion: seccomp-spoof/v1\nname: example\n';

void t.test('examples of docs/policy.md', (t) => {
  const text = readFileSync(join(ROOT, 'docs/policy.md'), 'utf8');
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
  t.ok(examples.length > 5);
  for (const yaml of examples) {
    const whole = yaml.includes('apiVersion:') ? yaml : HEAD + yaml;
    t.same(readDocument(whole, 'example.yaml', ROOT).problems.map(formatProblem), [], yaml);
  }
  t.end();
});

const OFF = /^( *)#: /gm;

void t.test('shipped rules that are off are valid once they are on', (t) => {
  const names = readdirSync(join(ROOT, 'policies'));
  const withRules = names.filter((name) => {
    const text = readFileSync(join(ROOT, 'policies', name), 'utf8');
    const shipped = readDocument(text, name, ROOT);
    t.same(shipped.problems.map(formatProblem), []);
    const all = readDocument(text.replace(OFF, '$1'), name, ROOT);
    t.same(all.problems.map(formatProblem), []);
    const rules = all.file?.rules ?? EMPTY_POLICY;
    t.ok(compilePolicy(rules, name).length > 0);
    return allRules(rules).length > allRules(shipped.file?.rules ?? EMPTY_POLICY).length;
  });
  t.same(withRules, ['k3s-gvisor.yaml']);
  t.end();
});
