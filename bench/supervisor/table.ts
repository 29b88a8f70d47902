// The table `supervisor`: memory and descriptors of guardian and worker together, before and after
// many calls. They must not grow, and nothing of Node may be left.
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../compile.js';
import type { LeftOut, Row } from '../model.js';
import { spread } from '../statistics.js';
import { wanted, type Measured, type Options, type Table } from '../table.js';
import { held, programsOf } from './processes.js';
import { inSession } from './session.js';
import type { Session } from './session.js';

const table = 'supervisor';
const TMPFS_MAGIC = 0x01021994;

/** Where the type of a filesystem is changed by the policy of the session. */
function directoryOnTmpfs(): string | undefined {
  return ['/dev/shm', '/tmp', '/run'].find((path) => {
    try {
      accessSync(path, constants.W_OK);
      return statfsSync(path).type === TMPFS_MAGIC;
    } catch {
      return false; // there is none, or none for us
    }
  });
}

interface Figure {
  readonly row: string;
  readonly unit: 'kB' | 'count';
  readonly value: number;
}

/** All figures, `marks` being the numbers of calls after which they are taken. */
async function look(
  caller: string,
  way: string,
  directory: string,
  marks: readonly number[],
): Promise<Figure[]> {
  const place = mkdtempSync(join(directory, 'seccomp-spoof-bench-')); // of mode 0700
  const below = join(place, 'below');
  mkdirSync(below);
  const use = async ({ pid, supervisors, call }: Session): Promise<Figure[]> => {
    const figures: Figure[] = [];
    let made = 0;
    for (const mark of marks) {
      await call(mark - made);
      made = mark;
      const when = mark === 0 ? 'at start' : `after ${mark} calls`;
      const { rss, pss, descriptors } = held(supervisors());
      figures.push(
        { row: `Rss ${when}`, unit: 'kB', value: rss },
        { row: `Pss ${when}`, unit: 'kB', value: pss },
        { row: `descriptors ${when}`, unit: 'count', value: descriptors },
      );
    }
    const running = programsOf([pid, ...supervisors()]);
    const value = running.filter((name) => name.startsWith('node')).length;
    return [...figures, { row: 'processes of Node', unit: 'count', value }];
  };
  try {
    return await inSession(caller, way, [directory, below], use);
  } finally {
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
    const path = directoryOnTmpfs();
    if (path === undefined) {
      leftOut.push({ what: `${table}/here/${way}`, why: 'no directory here lies on a tmpfs' });
      continue;
    }
    options.progress(`${table}: ${way}, ${calls} calls`);
    for (const { row, unit, value } of await look(compile('caller'), way, path, marks)) {
      const about = { table, row, way, place: 'here', driver: 'c', threads: 1 } as const;
      if (asked(row)) rows.push({ ...about, pinned: false, unit, value: spread([value]) });
    }
  }
  return { rows, leftOut };
}

export const supervisor: Table = {
  name: table,
  about: 'memory and descriptors of guardian and worker, before and after many calls',
  measure,
};
