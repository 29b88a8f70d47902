// The table `supervisor`: memory and descriptors of guardian and worker together, before and after
// many calls. They must not grow, and nothing of Node may be left.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../calls/scratch.js';
import { compile } from '../compile.js';
import { Coprocess } from '../coprocess.js';
import type { LeftOut, Row } from '../model.js';
import { spoof } from '../paths.js';
import { makeRow, wanted, type Measured, type Options, type Table } from '../table.js';
import { held, programsOf, supervisorsIn } from './processes.js';

const table = 'supervisor';

interface Figure {
  readonly row: string;
  readonly unit: 'kB' | 'count';
  readonly value: number;
}

/**
 * All figures, `marks` being the numbers of calls after which they are taken. The calls are made
 * around `place`, which only its owner may enter, on a filesystem whose type is changed.
 */
async function look(way: string, place: string, marks: readonly number[]): Promise<Figure[]> {
  const [below, log] = [join(place, 'below'), join(place, 'log')];
  mkdirSync(below);
  const options = ['-m', way, '--inline', 'off', '--fstype', 'tmpfs=ext4', '--log-file', log];
  const caller = [compile('caller'), dirname(place), below];
  const program = new Coprocess([spoof, 'exec', ...options, '--', ...caller]);
  const supervisors = (): number[] => supervisorsIn(readFileSync(log, 'utf8'));
  try {
    const figures: Figure[] = [];
    let made = 0;
    for (const mark of marks) {
      await program.ask(String(mark - made));
      made = mark;
      const when = mark === 0 ? 'at start' : `after ${mark} calls`;
      const { rss, pss, descriptors } = held(supervisors());
      figures.push(
        { row: `Rss ${when}`, unit: 'kB', value: rss },
        { row: `Pss ${when}`, unit: 'kB', value: pss },
        { row: `descriptors ${when}`, unit: 'count', value: descriptors },
      );
    }
    const running = programsOf([program.pid, ...supervisors()]);
    const value = running.filter((name) => name.startsWith('node')).length;
    return [...figures, { row: 'processes of Node', unit: 'count', value }];
  } finally {
    await program.end();
    rmSync(place, { recursive: true, force: true });
  }
}

async function measure(options: Options): Promise<Measured> {
  const calls = options.quick ? 100_000 : 10_000_000;
  const marks = [0, calls / 10, calls];
  const rows: Row[] = [];
  const leftOut: LeftOut[] = [];
  for (const way of ['notify', 'trace']) {
    const mayBe = [...marks.map((mark) => `after ${mark} calls`), 'at start'].flatMap((when) =>
      ['Rss', 'Pss', 'descriptors'].map((what) => `${what} ${when}`),
    );
    const asked = (row: string): boolean => wanted(options, { table, place: 'here', way, row });
    if (![...mayBe, 'processes of Node'].some(asked)) continue;
    const place = makeDirectory();
    if (place === undefined) {
      leftOut.push({ what: `${table}/here/${way}`, why: 'no directory here lies on a tmpfs' });
      continue;
    }
    options.progress(`${table}: ${way}, ${calls} calls`);
    for (const { row, unit, value } of await look(way, place, marks)) {
      const about = { table, row, way, place: 'here', driver: 'c', unit } as const;
      if (asked(row)) rows.push(makeRow(about, [value]));
    }
  }
  return { rows, leftOut };
}

export const supervisor: Table = {
  name: table,
  about: 'memory and descriptors of guardian and worker, before and after many calls',
  measure,
};
