// The trees that work all the time, one below each mechanism, and the events that befall others beside them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { quantile } from '../../bench/statistics.js';
import { keptPolicy, mostPidfds } from '../kill/load.js';
import { events } from './events.js';
import { Tree, type Sample, type Way } from './tree.js';

export const mechanisms = ['notify', 'trace', 'ptrace'] as const;

/** Anonymous memory may be fragmented; a leak of a byte a call would be megabytes within minutes. */
const FREE_GROWTH = { factor: 1.1, kb: 256 };
interface Row {
  readonly way: Way;
  readonly tree: Tree;
  readonly samples: Sample[];
  calls: number;
  native: number;
}

export interface Result {
  readonly milliseconds: number;
  readonly rows: readonly {
    readonly mechanism: string;
    readonly calls: number;
    readonly native: number;
    readonly before: Sample;
    readonly after: Sample;
  }[];
  readonly counts: Readonly<Record<string, number>>;
  readonly notHere: Readonly<Record<string, string>>;
  /** What has grown; empty: nothing. */
  readonly growth: readonly string[];
}

const middle = (samples: readonly Sample[]): Sample => ({
  memoryKb: quantile(
    samples.map(({ memoryKb }) => memoryKb),
    0.5,
  ),
  descriptors: quantile(
    samples.map(({ descriptors }) => descriptors),
    0.5,
  ),
});

/** The second quarter, when all is warm, and the last. */
const compared = (samples: readonly Sample[]): readonly [before: Sample, after: Sample] => {
  const quarter = Math.floor(samples.length / 4);
  return [
    middle(samples.slice(quarter, Math.max(quarter + 1, 2 * quarter))),
    middle(samples.slice(-Math.max(1, quarter))),
  ];
};

export class Stress {
  readonly #place: string;
  readonly #size: number;
  readonly #rows: Row[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #notHere: Record<string, string> = {};
  readonly #began = Date.now();
  #round = 0;

  /** `place`: an empty directory; `size`: processes, or calls, of an event. */
  constructor(place: string, size: number) {
    this.#place = place;
    this.#size = size;
  }

  async begin(): Promise<void> {
    const file = path.join(this.#place, 'kept.yaml');
    writeFileSync(file, keptPolicy);
    for (const mechanism of mechanisms) {
      const place = path.join(this.#place, mechanism);
      mkdirSync(place);
      const way = { mechanism, policy: file };
      const tree = new Tree(way, place);
      this.#rows.push({ way, tree, samples: [], calls: 0, native: 0 });
      await tree.subject.hear('ready');
    }
  }

  async #befall(name: string, way: Way): Promise<void> {
    const place = path.join(this.#place, 'event');
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { mode: 0o777 });
    const why = await events[name]?.({ way, place, size: this.#size });
    if (why === undefined) this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    else this.#notHere[name] = why;
  }

  /** One event below one mechanism, while all trees work. Throws if anything had a wrong outcome. */
  async round(): Promise<string> {
    const names = Object.keys(events);
    const name = names[this.#round % names.length] ?? '';
    const row = this.#rows[Math.floor(this.#round / names.length) % this.#rows.length];
    if (row === undefined) throw new Error('nothing was begun');
    this.#round += 1;
    let fault: unknown;
    const over = this.#befall(name, row.way).catch((error: unknown) => {
      fault = error;
    });
    await Promise.all(
      this.#rows.map(async (each) => {
        const { calls, native } = await each.tree.work(over);
        each.calls += calls;
        each.native += native;
        each.samples.push(each.tree.sample());
      }),
    );
    if (fault !== undefined) throw new Error(`${name} by ${row.way.mechanism}`, { cause: fault });
    return `${name} by ${row.way.mechanism}: ${this.#rows
      .map(({ way, samples }) => `${way.mechanism} ${JSON.stringify(samples.at(-1))}`)
      .join(' ')}`;
  }

  async end(): Promise<Result> {
    for (const { tree } of this.#rows)
      if ((await tree.subject.end()) !== 0) throw new Error(tree.subject.errors);
    const rows = this.#rows.map(({ way, calls, native, samples }) => {
      const [before, after] = compared(samples);
      return { mechanism: way.mechanism, calls, native, before, after };
    });
    const growth = rows.flatMap(({ mechanism, before, after }) => [
      ...(after.memoryKb > before.memoryKb * FREE_GROWTH.factor + FREE_GROWTH.kb
        ? [`${mechanism}: ${before.memoryKb} KB, then ${after.memoryKb} KB`]
        : []),
      ...(after.descriptors > before.descriptors + mostPidfds
        ? [`${mechanism}: ${before.descriptors} descriptors, then ${after.descriptors}`]
        : []),
    ]);
    return {
      milliseconds: Date.now() - this.#began,
      ...{ rows, counts: this.#counts, notHere: this.#notHere, growth },
    };
  }

  /** Whatever has happened before. */
  kill(): void {
    for (const { tree } of this.#rows) tree.subject.kill();
  }
}
