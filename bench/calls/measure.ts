// Measures groups, round by round: each way once in each round, so that whatever else the machine
// does meets all of them.
import type { LeftOut } from '../model.js';
import { run } from '../running.js';
import type { Options } from '../table.js';
import { cannotPin } from '../ways/pin.js';
import type { Way } from '../ways/way.js';
import { driverWords, parseFigures, type Failed, type Figures } from './driver.js';
import { shapesOf, type Group } from './plan.js';
import type { Scratch } from './scratch.js';
import type { Shape } from './shapes.js';

/** The rounds of one shape under one way. */
export interface Series {
  readonly group: Group;
  readonly shape: Shape;
  readonly way: Way;
  readonly pinned: boolean;
  readonly rounds: Figures[];
}

export class Measurement {
  readonly series: Series[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly #options: Options;
  readonly #scratch: Scratch;

  constructor(options: Options, scratch: Scratch) {
    this.#options = options;
    this.#scratch = scratch;
  }

  async measure(group: Group): Promise<void> {
    const program = group.driver.program();
    if ('missing' in program) {
      this.leave(`calls, ${group.name}`, program.missing);
      return;
    }
    const pins = cannotPin() === undefined ? [false, true] : [false];
    if (pins.length === 1) this.leave('calls, pinned', cannotPin() ?? '');
    const series = group.ways.flatMap((way) =>
      this.#canRun(group, way)
        ? shapesOf(this.#options, group, way).flatMap((shape) =>
            pins.map((pinned): Series => ({ group, shape, way, pinned, rounds: [] })),
          )
        : [],
    );
    this.series.push(...series);
    const ways = [...new Set(series.map(({ way }) => way))];
    for (let round = 0; round < group.rounds; round++) {
      // Each way has each place in the order: none always follows the same one.
      const order = ways.map((_, i) => ways[(i + round) % ways.length]);
      if (ways.length > 0)
        this.#options.progress(`calls, ${group.name}: round ${round + 1} of ${group.rounds}`);
      for (const pinned of pins)
        for (const way of order)
          await this.#runOnce(
            program.file,
            series.filter(
              (one) => one.way === way && one.pinned === pinned && this.series.includes(one),
            ),
          );
    }
  }

  leave(what: string, why: string): void {
    if (this.leftOut.some((other) => other.what === what)) return;
    this.leftOut.push({ what, why });
    this.#options.progress(`left out: ${what}: ${why}`);
  }

  #canRun(group: Group, way: Way): boolean {
    if (shapesOf(this.#options, group, way).length === 0) return false;
    const why = way.available();
    if (why !== undefined) this.leave(`calls, ${way.place}, ${way.name}`, why);
    return why === undefined;
  }

  async #runOnce(file: string, series: readonly Series[]): Promise<void> {
    const [first] = series;
    if (first === undefined) return;
    const { way, group, pinned } = first;
    const { threads, ms, enter } = group;
    const shapes = series.map(({ shape }) => shape.name);
    const driver = driverWords(file, this.#scratch, way, { shapes, threads, ms });
    const wrapped = way.wrap(driver, { pinned });
    const words = enter === undefined ? wrapped : enter(wrapped);
    const ended = await run(words);
    way.cleanup?.();
    const figures = new Map(parseFigures(ended.stdout).map((line) => [line.shape, line]));
    const how = `ended with ${ended.status ?? ended.signal ?? 'nothing'}: ${ended.stderr.trim().slice(-1000)}`;
    for (const one of series) {
      const line = figures.get(one.shape.name) ?? { shape: one.shape.name, error: how };
      if ('error' in line) this.#fail(one, line);
      else one.rounds.push(line);
    }
  }

  /** A peer that fails is not measured any further; whatever else fails is a fault of ours. */
  #fail(series: Series, { error }: Failed): void {
    const { way, shape, group, pinned } = series;
    const what = `calls, ${way.place}, ${way.name}, ${shape.row} (${group.name}${pinned ? ', pinned' : ''})`;
    if (way.kind !== 'peer') throw new Error(`${what}: ${error}`);
    this.leave(what, error);
    this.series.splice(this.series.indexOf(series), 1);
  }
}
