// How figures are written.
import type { Row, Spread } from '../model.js';

/** Three digits, no exponent, thousands apart. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

export const ratio = (value: number): string => `${short(value)}×`;

const larger = { ns: ['ns', 'µs', 'ms', 's'], ms: ['ms', 's'], kB: ['kB'], count: [] } as const;

/** In the unit that leaves at most four digits before the point. */
export function scaleOf(value: number, unit: Row['unit']): { divisor: number; name: string } {
  const names: readonly string[] = larger[unit];
  let [divisor, at] = [1, 0];
  while (value / divisor >= 10_000 && at < names.length - 1)
    [divisor, at] = [divisor * 1000, at + 1];
  return { divisor, name: names[at] ?? '' };
}

export function withUnit(value: number, unit: Row['unit']): string {
  const { divisor, name } = scaleOf(value, unit);
  return `${short(value / divisor)} ${name}`.trimEnd();
}

export function spreadWithUnit({ median, p10, p90 }: Spread, unit: Row['unit']): string {
  const { divisor, name } = scaleOf(median, unit);
  const [middle, low, high] = [median, p10, p90].map((value) => short(value / divisor));
  return (p10 === p90 ? `${middle} ${name}` : `${middle} ${name} (${low}–${high})`).trimEnd();
}

/** The middle, and where all but the lowest and highest tenth lie. */
export const ratioWithSpread = ({ median, p10, p90 }: Spread): string =>
  p10 === p90 ? ratio(median) : `${ratio(median)} (${short(p10)}–${short(p90)})`;
