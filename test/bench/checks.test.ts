// Targets and the gate notice what is beyond their limits.
import t from 'tap';
import { runGate, limits } from '../../bench/gate.js';
import type { Row } from '../../bench/model.js';
import { isMet, judge, type Check } from '../../bench/report/checks.js';
import { targets } from '../../bench/report/targets.js';
import { around, makeResult, makeRow, whole } from './made-up.js';

const check = (change: Partial<Check>): Check => ({
  wording: 'made up',
  table: 'calls',
  rows: /statfs/,
  way: 'notify',
  base: { is: 'toFloor' },
  limit: 1.15,
  ...change,
});

await t.test('figures', (t) => {
  const figures = (change: Partial<Check>, rows: readonly Row[]): number[] =>
    judge(check(change), makeResult(rows)).verdicts.map(({ figure }) => figure);
  const own = makeRow({ toFloor: around(2), p50: around(100), p99: around(900) });
  t.same(figures({}, [own, makeRow({ row: 'fstatfs', toFloor: around(9) })]), [2], 'whole names');
  t.same(figures({ base: { is: 'slowest' } }, [own]), [9]);
  t.same(figures({ base: { is: 'nothing' } }, [own]), [10_000]);
  t.same(figures({ pinned: false }, [own]), []);
  const strace = makeRow({ way: 'strace', value: around(20_000), toNative: around(20) });
  t.same(figures({ base: { is: 'way', way: 'strace' } }, [own, strace]), [0.5]);
  t.same(figures({ base: { is: 'peer', way: 'strace' } }, [own, strace]), [0.5]);
  const idle = { ...strace, toNative: around(1) };
  t.same(figures({ base: { is: 'peer', way: 'strace' } }, [own, idle]), [], 'it does not stop it');
  t.same(figures({ base: { is: 'peer', way: 'strace' } }, [own]), []);
  const many = makeRow({ threads: 64, value: around(40_000), perSecond: around(1000) });
  const one = makeRow({ perSecond: around(2000) });
  const threads = { threads: 64, base: { is: 'threads', threads: 1 } } as const;
  t.same(figures(threads, [many, one]), [2], 'half as much done takes twice the time');
  t.end();
});

await t.test('limits', (t) => {
  const isMetBy = (ratio: number): boolean =>
    isMet(judge(check({}), makeResult([makeRow({ toFloor: around(ratio) })])));
  t.ok(isMetBy(1.15));
  t.notOk(isMetBy(1.16));
  t.notOk(isMetBy(NaN), 'what is no number is not met');
  t.end();
});

await t.test('each target that the made-up result speaks of is judged', (t) => {
  const judged = targets.map((target) => judge(target, whole));
  const met = judged.filter(({ verdicts }) => verdicts.length > 0).map((one) => isMet(one));
  t.ok(met.includes(true) && met.includes(false));
  t.end();
});

/** All limits are kept, but for a factor. */
const gateRows = (factor: number, wording: RegExp): Row[] =>
  limits.flatMap(({ rows, way, table, limit, base, wording: own }) => {
    const value = limit * 0.9 * (wording.test(own) ? factor : 1);
    const figure = around(value);
    const row = makeRow({ row: rows.source, way, table, value: figure });
    switch (base.is) {
      case 'toAllow':
      case 'toFloor':
        return [{ ...row, [base.is]: figure }];
      case 'way':
        return [row, makeRow({ row: rows.source, way: base.way, table, value: around(1) })];
      case 'row':
        return [row, makeRow({ row: base.row, way, table, value: around(1) })];
      default:
        throw new Error(`no made-up row for ${base.is}`);
    }
  });

/** The limits that a gate trips over which measures these. */
async function tripped(...measured: readonly (readonly Row[])[]): Promise<[string[], number]> {
  let times = 0;
  const { lines } = await runGate(() => {
    const rows = measured[Math.min(times, measured.length - 1)] ?? [];
    times += 1;
    return Promise.resolve({ rows, leftOut: [] });
  });
  return [lines.filter(({ passed }) => !passed).map(({ limit }) => limit.wording), times];
}

await t.test('the gate', async (t) => {
  t.same(await tripped(gateRows(1, /^/)), [[], 1], 'what is good is measured once');
  for (const { wording } of limits) {
    const broken = gateRows(1.2, new RegExp(`^${wording}$`));
    t.same(await tripped(broken), [[wording], 2], wording);
  }
  t.same(await tripped(gateRows(9, /^/), gateRows(1, /^/)), [[], 2], 'once is noise');
  t.same(await tripped(gateRows(1, /^/).slice(1)), [[limits[0]?.wording], 1], 'a row is missing');
  t.ok(limits.every(({ limit, target }) => limit > target));
});
