// One set-up, made by launch.c and inherited twice: what report-self.c sees under env(1) and under
// `exec` is compared line by line.
import { execFileSync, type StdioOptions } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import {
  isProduct,
  launch,
  mechanism,
  native,
  notApplicable,
  product,
  report,
  run,
  scratch,
  stays,
} from './helpers.js';

/** Facts that may differ, and the only ones. docs/exec.md has the same list, with the reasons. */
export const documented = [
  'Seccomp',
  'Seccomp_filters',
  'NoNewPrivs',
  'TracerPid',
  'usage.memory',
  'usage.children',
] as const;

/** More of them where a parent stays: what fork(2) does not keep. docs/exec.md has the reasons. */
export const documentedWhereAParentStays = [
  'pid',
  'ppid',
  'parent-death-signal',
  'children',
  'wait',
  'lock',
  ...Array.from({ length: 64 }, (_, i) => `pending.${i + 1}`),
] as const;

/** Numbers that are new in every run; each is compared with what the launcher wrote down. */
const recorded = ['pid', 'ppid', 'pgrp', 'sid', 'directory.file'];

export interface SetUp {
  readonly name: string;
  /** Words for launch.c. */
  readonly steps: readonly string[];
  /** Lines of the native report that prove that the set-up is what it says. */
  readonly has: readonly string[];
  readonly arguments?: readonly string[];
}

type Facts = ReadonlyMap<string, readonly string[]>;

function parse(text: string): Facts {
  const facts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const colon = line.indexOf(': ');
    const key = colon < 0 ? line : line.slice(0, colon);
    facts.set(key, [...(facts.get(key) ?? []), line]);
  }
  return facts;
}

const value = (facts: Facts, key: string): string =>
  facts.get(key)?.[0]?.slice(key.length + 2) ?? '(missing)';

const lines = (facts: Facts, leaveOut: readonly string[]): readonly string[] =>
  [...facts].flatMap(([key, found]) => (leaveOut.includes(key) ? [] : found));

interface Outcome {
  readonly facts: Facts;
  readonly record: Facts;
}

async function inherit(
  test: Test,
  place: string,
  prefix: readonly string[],
  setUp: SetUp,
): Promise<Outcome | undefined> {
  const output = path.join(place, 'report');
  const record = path.join(place, 'record');
  writeFileSync(output, '');
  writeFileSync(record, '');
  chmodSync(output, 0o666);
  chmodSync(record, 0o666);
  const steps = setUp.steps.map((word) => word.replaceAll('@', place));
  const words = [launch, ...steps, 'record', record, '--', ...prefix, report, output];
  // A file, because two runs never have the same pipe.
  const errors = openSync(path.join(place, 'errors'), 'w+');
  const stdio: StdioOptions = ['ignore', 'ignore', errors];
  // The report counts the links of the working directory: one where nobody else makes directories.
  const end = await run([...words, ...(setUp.arguments ?? [])], { stdio, cwd: place });
  closeSync(errors);
  const said = readFileSync(path.join(place, 'errors'), 'utf8');
  const who = prefix === native ? 'env' : 'exec';
  if (end.status === 119 && said.startsWith('launch: ') && prefix === native) {
    notApplicable(test, `${setUp.name}: ${said.trim()}`);
    return undefined;
  }
  test.same([end.status, end.signal, said], [0, null, ''], `${who}: runs, and says nothing`);
  if (end.status !== 0) return undefined;
  return {
    facts: parse(readFileSync(output, 'latin1')),
    record: parse(readFileSync(record, 'latin1')),
  };
}

/** Not "anything goes", but exactly what the documentation says. */
function checkDifferences(test: Test, plain: Facts, spoofed: Facts): void {
  const traced = mechanism !== 'auto';
  test.equal(
    value(spoofed, 'TracerPid') !== '0',
    traced,
    'TracerPid: none, but where it is traced',
  );
  if (mechanism === 'ptrace') {
    for (const key of ['Seccomp', 'Seccomp_filters', 'NoNewPrivs'])
      test.equal(value(spoofed, key), value(plain, key), `${key}: there is no filter`);
    return;
  }
  const before = Number(value(plain, 'Seccomp_filters'));
  test.equal(value(spoofed, 'Seccomp'), '2', 'Seccomp: a filter is there');
  test.equal(value(spoofed, 'Seccomp_filters'), String(before + 1), 'Seccomp_filters: one more');
  const isAdmin = (BigInt(`0x${value(plain, 'CapEff')}`) & (1n << 21n)) !== 0n;
  const expected = isAdmin ? value(plain, 'NoNewPrivs') : '1';
  test.equal(value(spoofed, 'NoNewPrivs'), expected, 'NoNewPrivs: set only without CAP_SYS_ADMIN');
}

/** Runs the same set-up under env(1) and under `exec`; the reports have to be the same. */
export async function compare(test: Test, setUp: SetUp): Promise<void> {
  const place = scratch(test);
  writeFileSync(path.join(place, 'file'), 'content of a file\n');
  chmodSync(path.join(place, 'file'), 0o666);
  execFileSync('mkfifo', ['-m', '666', path.join(place, 'fifo')]);
  mkdirSync(path.join(place, 'closed'));
  chmodSync(path.join(place, 'closed'), 0);

  const plain = await inherit(test, place, native, setUp);
  if (plain === undefined) return;
  const spoofed = await inherit(test, place, product, setUp);
  if (spoofed === undefined) return;
  const all = lines(plain.facts, []);
  for (const line of setUp.has.map((text) => text.replaceAll('@', place)))
    test.ok(all.includes(line), `set-up: ${line}`);
  for (const { facts, record } of [plain, spoofed])
    for (const key of recorded) {
      const isOurs = stays && facts === spoofed.facts && (key === 'pid' || key === 'ppid');
      if (isOurs) test.not(value(facts, key), value(record, key), `${key} is another one`);
      else test.equal(value(facts, key), value(record, key), `${key} is the launcher's`);
    }
  const leaveOut = [...documented, ...recorded, ...(stays ? documentedWhereAParentStays : [])];
  test.same(lines(spoofed.facts, leaveOut), lines(plain.facts, leaveOut), 'the same report');
  if (isProduct) checkDifferences(test, plain.facts, spoofed.facts);
}
