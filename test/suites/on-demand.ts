// `npm run test:suites`: the tests of CPython, Go and stress-ng, and all commands of this machine, natively and
// below `exec` by each mechanism, with the default policy and with one that stops every call that can be stopped,
// and by `--inline always`. Not a part of `npm test`. ONLY=REGEXP names suites, HOW=REGEXP ways; REPORT=FILE: where the figures go, as a section.
// Rule: a case counts only if it ends natively twice in the same way; then it has to end so below `exec`.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { cleanCommand } from '../support/environment.js';
import { root, seccompSpoof } from '../support/paths.js';
import { madeBy, thisMachine, writeSection } from '../support/section.js';
import { SILENCE_MS } from '../support/silence.js';
import { type Cases, type Part, suites } from './suites.js';

const place = mkdtempSync(path.join(tmpdir(), 'suites-'));
t.teardown(() => {
  rmSync(place, { recursive: true, force: true });
});
const full = path.join(place, 'full.yaml');
writeFileSync(
  full,
  `apiVersion: seccomp-spoof/v1
name: full
statfs:
  - when: { type: ext4 }
    answer: { type: xfs }
  - when: { type: tmpfs, path: ${place}/nowhere/** }
    answer: { type: xfs }
mounts:
  - when: { fstype: ext4, path: '${place}/nowhere/**' }
    answer: { fstype: xfs }
files:
  - { path: ${place}/nowhere/content, content: "told\\n" }
  - { path: ${place}/nowhere/redirected, redirect: ${place}/nowhere/target }
  - { path: '${place}/nowhere/tree/**', redirect: ${place}/nowhere/other }
  - { path: ${place}/nowhere/rewritten, rewrite: [{ match: 'one', replace: 'other' }] }
`,
);

const mechanisms = ['notify', 'trace', 'ptrace'];
const policies: Readonly<Record<string, string>> = { default: '9p-as-ext4', full };
const ways: readonly { readonly name: string; readonly words: readonly string[] }[] = [
  ...mechanisms.flatMap((mechanism) =>
    Object.entries(policies).map(([policy, file]) => ({
      name: `${mechanism}, ${policy} policy`,
      words: ['-m', mechanism, '--inline', 'off', '-p', file],
    })),
  ),
  ...['notify', 'trace'].map((mechanism) => ({
    name: `inline, ${mechanism}, default policy`,
    words: ['-m', mechanism, '--inline', 'always', '-p', '9p-as-ext4'],
  })),
];
const only = new RegExp(process.env['ONLY'] ?? '');
/** Of the ways. */
const how = new RegExp(process.env['HOW'] ?? '');

interface Ended {
  readonly status: number | null;
  readonly said: string;
}

/** What has fallen silent is ended, with what it has started in its session. */
function start(words: readonly string[], directory: string): Promise<Ended> {
  const [command, rest] = cleanCommand(words);
  const child = spawn('setsid', ['-w', command, ...rest], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const silence = setTimeout(() => {
    said += '\nhung';
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, SILENCE_MS);
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('latin1').on('data', (text: string) => {
      said += text;
      silence.refresh();
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(silence);
      resolve({ status, said });
    });
  });
}

async function casesOf(part: Part, scratch: string, below: readonly string[]): Promise<Cases> {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch);
  const { status, said } = await start([...below, ...part.command], part.directory ?? scratch);
  const cases = part.cases(said, scratch, status);
  return cases.size > 0 ? cases : new Map([[part.name, `no cases, status ${status ?? 'none'}`]]);
}

const differing = (expected: Cases, cases: Cases): string[] =>
  [...expected]
    .filter(([name, outcome]) => cases.get(name) !== outcome)
    .map(([name, outcome]) => `${name}: ${outcome} natively, ${cases.get(name) ?? 'none'} below`);

const report = process.env['REPORT'];
/** Of each part, or of a suite whose parts have one case each: its cases, and those that differ twice below `exec`, all ways together. */
const figures = new Map<string, readonly [cases: number, steady: number, differ: number]>();

/** After each part: all of them take hours. */
function note(title: string, cases: number, steady: number, differ: number): void {
  const [before, steadyBefore, differBefore] = figures.get(title) ?? [0, 0, 0];
  figures.set(title, [before + cases, steadyBefore + steady, differBefore + differ]);
  if (report === undefined) return;
  writeSection(path.resolve(root, report), 'Suites of others', [
    `${madeBy('npm run test:suites')}; do not edit. Each case that ends`,
    'natively twice in the same way is run by each mechanism, with two policies, and by `--inline always`, and has to end so.',
    thisMachine(),
    '',
    '| tests | cases | that end the same natively | differ below `exec` |',
    '| --- | --- | --- | --- |',
    ...[...figures].map(([name, counts]) => `| ${name} | ${counts.join(' | ')} |`),
  ]);
}

async function compare(t: Test, suite: string, part: Part, scratch: string): Promise<void> {
  const [once, again] = [await casesOf(part, scratch, []), await casesOf(part, scratch, [])];
  const steady = new Map([...once].filter(([name, outcome]) => again.get(name) === outcome));
  let differ = 0;
  t.comment(`${part.name}: ${steady.size} of ${once.size} cases end the same natively`);
  for (const { name, words } of ways.filter((way) => how.test(way.name))) {
    const below = [seccompSpoof, 'exec', '-q', ...words, '--'];
    const first = differing(steady, await casesOf(part, scratch, below));
    const second = first.length > 0 ? differing(steady, await casesOf(part, scratch, below)) : [];
    const stay = first.filter((line) => second.includes(line));
    for (const line of first) if (!stay.includes(line)) t.comment(`once in two, ${name}: ${line}`);
    differ += stay.length;
    t.same(stay, [], `${part.name}: ${steady.size} cases by ${name}`);
  }
  note(once.size > 1 ? `${suite}: ${part.name}` : suite, once.size, steady.size, differ);
}

for (const suite of suites)
  await t.test(suite.name, { skip: suite.unavailable() ?? false }, async (t) => {
    const scratch = path.join(place, 'scratch');
    for (const part of suite.parts(scratch))
      if (only.test(`${suite.name} ${part.name}`)) await compare(t, suite.name, part, scratch);
  });
