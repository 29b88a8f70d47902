// From rounds to rows: spreads, and ratios of two figures of the same round.
import type { Row } from '../model.js';
import { pairedRatios, spread } from '../statistics.js';
import type { Figures } from './driver.js';
import type { Series } from './measure.js';

const figure = (series: Series, of: (figures: Figures) => number): number[] =>
  series.rounds.map(of);

const nanoseconds = ({ ns }: Figures): number => ns;
const unfairness = ({ threadNs }: Figures): number => Math.max(...threadNs) / Math.min(...threadNs);

const isBase = (series: Series, other: Series, name: string): boolean =>
  other.way.name === name &&
  other.way.place === series.way.place &&
  other.group === series.group &&
  other.shape === series.shape &&
  other.pinned === series.pinned;

export function makeRow(series: Series, all: readonly Series[]): Row {
  const { group, shape, way, pinned } = series;
  const ratio = (name: string): ReturnType<typeof spread> | undefined => {
    const base = all.find((other) => isBase(series, other, name));
    if (base === undefined || base === series) return undefined;
    // A way with fewer rounds was part of the first ones.
    const list = figure(series, nanoseconds);
    return spread(pairedRatios(list, figure(base, nanoseconds).slice(0, list.length)));
  };
  const toNative = ratio('native');
  const toAllow = shape.stopped || way.name === 'native' ? undefined : ratio('allow');
  const toFloor = shape.stopped && way.kind !== 'base' ? ratio('floor') : undefined;
  return {
    table: 'calls',
    row: shape.row,
    way: way.name,
    place: way.place,
    driver: group.driver.name,
    threads: group.threads,
    pinned,
    unit: 'ns',
    value: spread(figure(series, nanoseconds)),
    p50: spread(figure(series, ({ p50 }) => p50)),
    p90: spread(figure(series, ({ p90 }) => p90)),
    p99: spread(figure(series, ({ p99 }) => p99)),
    perSecond: spread(figure(series, ({ perSecond }) => perSecond)),
    ...(group.threads > 1 && { unfairness: spread(figure(series, unfairness)) }),
    ...(toNative && { toNative }),
    ...(toAllow && { toAllow }),
    ...(toFloor && { toFloor }),
  };
}
