// Policies with many rules, none of which holds for what is asked.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** By what the report calls them. */
const kinds = {
  'path rules': (i: number) => `{ when: { path: '/srv/t${i}/**' }, answer: { type: xfs } }`,
  rules: (i: number) => `{ path: /opt/d${i % 100}/file${i}, redirect: /dev/null }`,
  'wildcard rules': (i: number) => `{ path: '/opt/d${i}/*.conf', redirect: /dev/null }`,
  'tree rules': (i: number) => `{ path: '/srv/t${i}/**', redirect: /usr }`,
  // The last name is that of the file that is opened: the directory has to be looked at.
  'namesake rules': (i: number) => `{ path: /opt/d${i}/host.conf, redirect: /dev/null }`,
} as const;
export type RuleKind = keyof typeof kinds;

function section(kind: RuleKind, count: number): string {
  const rules = Array.from({ length: count }, (_, i) => `  - ${kinds[kind](i)}\n`).join('');
  return `${kind === 'path rules' ? 'statfs' : 'files'}:\n${rules}`;
}

/** Writes a policy into a directory, once for each name; its path. */
export function policyFile(
  directory: string,
  name: string,
  sections: readonly (readonly [RuleKind, number])[],
): string {
  const file = join(directory, `${name}.yaml`);
  const rules = sections.map(([kind, count]) => section(kind, count)).join('');
  writeFileSync(file, `apiVersion: seccomp-spoof/v1\nname: ${name}\n${rules}`);
  return file;
}
