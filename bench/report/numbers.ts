// How figures are written.
import type { Row, Spread } from '../model.js';

/** Three digits, no exponent, thousands apart. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

export const ratio = (value: number): string => `${short(value)}×`;

const units: Readonly<Record<Row['unit'], string>> = { ns: ' ns', ms: ' ms', kB: ' kB', count: '' };

export const withUnit = (value: number, unit: Row['unit']): string =>
  `${short(value)}${units[unit]}`;

/** The middle, and where all but the lowest and highest tenth lie. */
export function withSpread(
  { median, p10, p90 }: Spread,
  write: (value: number) => string = short,
): string {
  return p10 === p90 ? write(median) : `${write(median)} (${short(p10)}–${short(p90)})`;
}
