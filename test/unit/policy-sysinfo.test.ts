// The section `sysinfo`: what is right and what is not, what of two layers counts, and how it is printed.
import t from 'tap';

import { readDocument } from '../../src/policy/document.js';
import { override, removeRule, ruleIds } from '../../src/policy/merge.js';
import type { NormalisedPolicy, SysinfoRule } from '../../src/policy/normalised.js';
import { EMPTY_POLICY, fromJson, toJson } from '../../src/policy/normalised.js';
import { policyToYaml } from '../../src/policy/print.js';
import { formatProblem } from '../../src/policy/problem.js';

const HEAD = 'apiVersion: seccomp-spoof/v1\nname: x\n';
const GIB = 2 ** 30;

void t.test('every fault has a place and a suggestion', (t) => {
  const said = (section: string): string[] =>
    readDocument(`${HEAD}sysinfo: ${section}\n`, 'x.yaml', '/').problems.map(formatProblem);
  t.same(said('{}'), [
    'x.yaml:3:10: expected at least one of totalram, freeram, totalswap, freeswap; write sysinfo: { totalram: 2GiB }',
  ]);
  t.same(said('{ totalram: 1.5GiB, freeram: -1, totalswap: 9007199254740992, procs: 4 }'), [
    'x.yaml:3:22: expected a number of bytes, found "1.5GiB"; write a whole number: 64MiB',
    'x.yaml:3:39: expected a number of bytes, found the number -1; write a whole number: 64MiB',
    'x.yaml:3:54: expected a number of bytes, found the number 9007199254740992; write a smaller number: 64MiB',
    'x.yaml:3:72: "procs" is not a key here; write one of totalram, freeram, totalswap, freeswap',
  ]);
  t.end();
});

void t.test('what it says, and what is printed of it', (t) => {
  const text = `${HEAD}sysinfo: { totalram: 6GiB, freeram: 5, totalswap: 64 MiB, freeswap: 0 }\n`;
  const { file, problems } = readDocument(text, 'x.yaml', '/');
  t.same(problems, []);
  const answer = { totalram: 6 * GIB, freeram: 5, totalswap: GIB / 16, freeswap: 0 };
  const expected = { ...EMPTY_POLICY, sysinfo: [{ id: 'x/sysinfo', origin: 'x.yaml:3', answer }] };
  t.same(file?.rules, expected);
  const printed = policyToYaml(['x'], expected);
  t.same(readDocument(printed, 'again.yaml', '/').file?.rules.sysinfo[0]?.answer, answer);
  const named = { name: 'x', description: undefined, policy: expected };
  t.same(fromJson(toJson(named)).policy, expected);
  t.end();
});

void t.test('it is merged field by field', (t) => {
  const policy = (id: string, answer: SysinfoRule['answer']): NormalisedPolicy => ({
    ...EMPTY_POLICY,
    sysinfo: [{ id, origin: `${id}.yaml:1`, answer }],
  });
  const lower = policy('a/sysinfo', { totalram: 1, freeram: 2 });
  const merged = override(lower, policy('b/sysinfo', { freeram: 3, freeswap: 4 }));
  t.same(
    merged.sysinfo.map(({ id, answer }) => [id, answer]),
    [
      ['b/sysinfo', { freeram: 3, freeswap: 4 }],
      ['a/sysinfo', { totalram: 1 }],
    ],
  );
  t.same(ruleIds(merged), ['b/sysinfo', 'a/sysinfo']);
  t.same(removeRule(merged, 'b/sysinfo')?.sysinfo, [
    { ...lower.sysinfo[0], answer: { totalram: 1 } },
  ]);
  const all = override(merged, policy('c/sysinfo', { totalram: 5, freeram: 6, freeswap: 7 }));
  t.same(
    all.sysinfo.map(({ id }) => id),
    ['c/sysinfo'],
    'what is left without a field is gone',
  );
  t.end();
});
