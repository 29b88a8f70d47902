// Results that nobody measured.
import type { Result, Row, Spread } from '../../bench/model.js';

/** A median with a tenth of spread to both sides. */
export const around = (median: number): Spread => ({
  median,
  p10: median * 0.9,
  p90: median * 1.1,
  rounds: 5,
});

export const makeRow = (change: Partial<Row>): Row => ({
  table: 'calls',
  row: 'statfs',
  way: 'notify',
  place: 'here',
  driver: 'c',
  threads: 1,
  pinned: true,
  unit: 'ns',
  value: around(10_000),
  ...change,
});

export const makeResult = (rows: readonly Row[], change: Partial<Result> = {}): Result => ({
  format: 1,
  date: '2026-11-25T10:00:00.000Z',
  version: 'v1',
  machine: {
    cpu: 'AMD EPYC',
    cpus: 2,
    memoryGiB: 24,
    kernel: '6.18.44',
    distribution: 'Debian GNU/Linux 12',
    node: 'v22.0.0',
    peers: {},
  },
  quick: false,
  ways: { strace: { version: '6.1', differs: 'prints the same calls | and changes none' } },
  rows,
  leftOut: [{ what: 'syd', why: 'it is not <installed>' }],
  ...change,
});

const calls = ['getppid', 'statfs', 'open, unmatched, existing, absolute', 'open, virtual'];
const ratios = { allow: 1.1, floor: 5, notify: 6, trace: 12, ptrace: 15, strace: 20, proot: 30 };

const callRows = calls.flatMap((row) => [
  makeRow({ row, way: 'native', value: around(1000) }),
  ...Object.entries(ratios).map(([way, ratio]) =>
    makeRow({
      ...{ row, way, value: around(1000 * ratio), toNative: around(ratio) },
      ...(row === 'getppid' ? { toAllow: around(1) } : { toFloor: around(ratio / 5) }),
    }),
  ),
]);

const programRows = (['here', 'gvisor'] as const).flatMap((place) =>
  ['find | xargs cat', 'git status'].flatMap((row) =>
    ['native', 'trace', 'ptrace'].map((way, at) =>
      makeRow({
        ...{ table: 'programs', place, row, way, driver: 'program', pinned: false, unit: 'ms' },
        ...{ value: around(500 * (1 + at)), ...(at > 0 && { toNative: around(1 + at) }) },
      }),
    ),
  ),
);

const growthRows = [10, 10_000].map((count) =>
  makeRow({ table: 'growth', row: `open, ${count} rules` }),
);

export const whole = makeResult([...callRows, ...programRows, ...growthRows]);
