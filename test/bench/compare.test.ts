// A comparison tells what changed beyond the spread of both, by ratios, and nothing else.
import t from 'tap';
import { compare, describeComparison } from '../../bench/report/compare.js';
import { around, makeResult, makeRow, whole } from './made-up.js';

const withRatio = (ratio: number, value = 1000) =>
  makeResult([makeRow({ toNative: around(ratio), value: around(value) })]);
const factors = (list: readonly { factor: number }[]): number[] => list.map(({ factor }) => factor);

await t.test('slower and faster', (t) => {
  t.same(factors(compare(withRatio(10), withRatio(15)).slower), [1.5]);
  t.same(factors(compare(withRatio(10), withRatio(5)).faster), [0.5]);
  const near = compare(withRatio(10), withRatio(11));
  t.match(near, { slower: [], faster: [], same: 1, left: 0 }, 'within the spread');
  t.match(compare(whole, whole), { slower: [], faster: [], left: 0 }, 'with itself');
  t.end();
});

await t.test('times count only on the same machine', (t) => {
  const [before, now] = [10, 20].map((time) => makeResult([makeRow({ value: around(time) })]));
  if (before === undefined || now === undefined) throw new Error('two were made');
  t.same(factors(compare(before, now).slower), [2]);
  const elsewhere = { ...now, machine: { ...now.machine, cpu: 'another' } };
  t.match(compare(before, elsewhere), { slower: [], same: 0, left: 2 });
  t.match(compare(before, elsewhere).warnings, [/not the same machine/]);
  t.match(compare(withRatio(10, 1), withRatio(10, 9)), { slower: [], same: 1 }, 'the ratio counts');
  t.end();
});

await t.test('memory is no time', (t) => {
  const [before, now] = [10, 20].map((size) =>
    makeResult([makeRow({ table: 'supervisor', unit: 'kB', value: around(size) })]),
  );
  if (before === undefined || now === undefined) throw new Error('two were made');
  const elsewhere = { ...now, machine: { ...now.machine, cpu: 'another' } };
  t.same(factors(compare(before, elsewhere).slower), [2]);
  t.end();
});

await t.test('the largest change comes first', (t) => {
  const rows = (scale: number) =>
    makeResult(
      [1, 2, 3].map((at) => makeRow({ row: `r${at}`, toNative: around(10 * scale ** at) })),
    );
  const found = compare(rows(1), rows(2));
  t.same(factors(found.slower), [8, 4, 2]);
  t.match(describeComparison(rows(1), rows(2), found), /slower[^]*x 8 [^]*x 4 [^]*x 2 /);
  t.end();
});
