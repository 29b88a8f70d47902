// Medians and spreads of rounds, and ratios of two figures of the same round.
import invariant from 'tiny-invariant';
import type { Spread } from './model.js';

/** The value below which a share of the list lies (nearest rank; 0 <= share <= 1). */
export function quantile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  const value = sorted[Math.round(share * (sorted.length - 1))];
  invariant(value !== undefined, 'a quantile of nothing');
  return value;
}

/** Four significant digits: more than any of these figures is good for. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

export function spread(list: readonly number[]): Spread {
  return {
    median: rounded(quantile(list, 0.5)),
    p10: rounded(quantile(list, 0.1)),
    p90: rounded(quantile(list, 0.9)),
    rounds: list.length,
  };
}

/** Ratios round by round; both lists are in the order of the rounds. */
export function pairedRatios(list: readonly number[], base: readonly number[]): number[] {
  invariant(list.length === base.length, 'rounds of one are missing');
  return list.map((value, i) => value / (base[i] ?? NaN));
}
