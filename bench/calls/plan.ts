// What is measured together: a driver process for each way in each round.
import { wanted, type Options } from '../table.js';
import type { Way } from '../ways/way.js';
import type { Driver } from './driver.js';
import type { Shape } from './shapes.js';

/** One driver process a way and round measures all of these. */
export interface Group {
  /** For whoever watches. */
  readonly name: string;
  readonly driver: Driver;
  readonly shapes: readonly Shape[];
  readonly ways: readonly Way[];
  readonly threads: number;
  readonly rounds: number;
  /** For each shape. */
  readonly ms: number;
  /** Puts a command to where it shall run. */
  readonly enter?: (words: readonly string[]) => readonly string[];
}

/** The ways that figures of this shape are compared with. */
export const basesOf = (shape: Shape): readonly string[] =>
  shape.stopped ? ['native', 'floor'] : ['native', 'allow'];

const isWanted = (options: Options, { place, name }: Way, { row }: Shape): boolean =>
  wanted(options, { table: 'calls', place, way: name, row });

/** What is asked for, and the bases that this is compared with. */
export function shapesOf(options: Options, group: Group, way: Way): readonly Shape[] {
  return group.shapes.filter((shape) => {
    if (isWanted(options, way, shape)) return true;
    if (way.kind !== 'base' || !basesOf(shape).includes(way.name)) return false;
    return group.ways.some(
      (other) =>
        isWanted(options, other, shape) && (other.place === way.place || way.name === 'native'),
    );
  });
}
