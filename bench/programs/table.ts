// The table `programs`: wall time of whole programs under each way, to that of the same program natively.
import type { LeftOut, Row, WayInfo } from '../model.js';
import { makeRow, wanted, type Measured, type Options, type Table } from '../table.js';
import type { Program, Size } from './program.js';
import {
  Trees,
  missing,
  programOf,
  programs,
  timeProgram,
  type Task,
  type Timed,
} from './rounds.js';
import { timeInside, unavailable } from './gvisor.js';
import { describe } from '../ways/way.js';
import { prefix, ways } from './ways.js';

type Place = Row['place'];

const table = 'programs';

const manyPackages = `
  archive/zip bufio bytes compress/gzip container/heap context encoding/json encoding/xml
  errors flag fmt go/parser html/template image/png io/fs log/slog math/big math/rand
  os/exec regexp sort strconv sync text/tabwriter
`
  .trim()
  .split(/\s+/u);

const sizes = {
  here: { files: 20_000, modules: 1000, cats: 1500, packages: manyPackages, short: false },
  quick: { files: 2000, modules: 200, cats: 150, packages: ['errors', 'strconv'], short: true },
  gvisor: { files: 2000, modules: 300, cats: 100, packages: [], short: true },
  quickGvisor: { files: 300, modules: 50, cats: 20, packages: [], short: true },
} satisfies Record<string, Size>;

const roundsOf = ({ quick }: Options): number => (quick ? 2 : 5);

const isPeer = (name: string): boolean =>
  ways.here.find((way) => way.name === name)?.kind === 'peer';

/** The ways that are wanted for a program, after `native`; none if there are none. */
function taskOf(program: Program, place: Place, options: Options): Task | undefined {
  const chosen = ways[place].filter(
    ({ name, kind }) =>
      (program.peers === true || kind !== 'peer') &&
      wanted(options, { table, place, way: name, row: program.row }),
  );
  if (chosen.length === 0) return undefined;
  const measured = chosen.filter(({ name }) => name !== 'native');
  return {
    row: program.row,
    ways: {
      native: [],
      ...Object.fromEntries(measured.map((way) => [way.name, prefix(way)])),
    },
  };
}

function rowsOf(timed: Timed, place: Place): Row[] {
  if (timed.wrong['native'] !== undefined) return []; // nothing to compare with
  const { native } = timed.milliseconds;
  return Object.entries(timed.milliseconds)
    .filter(([way]) => timed.wrong[way] === undefined)
    .map(([way, rounds]) => {
      const about = { table, row: timed.row, way, place, driver: 'program', unit: 'ms' } as const;
      return makeRow(about, rounds, way === 'native' ? undefined : native);
    });
}

/** All of them, so that one sandbox does. */
async function measureInGvisor(tasks: readonly Task[], options: Options): Promise<Timed[]> {
  const size = options.quick ? sizes.quickGvisor : sizes.gvisor;
  const trees = new Trees(size);
  try {
    const withTrees = tasks.map((task) => ({ ...task, tree: trees.get(programOf(task.row).tree) }));
    return await timeInside({ tasks: withTrees, rounds: roundsOf(options), size });
  } finally {
    trees.remove();
  }
}

class Findings {
  readonly rows: Row[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly failures: string[] = [];
  readonly ways: Record<string, WayInfo> = {};

  /** What goes wrong under a way of ours is a failure of the bench; under a peer it is left out. */
  add(timed: Timed, place: Place): void {
    if (timed.unusable !== undefined) this.leave(place, `*/${timed.row}`, timed.unusable);
    this.rows.push(...rowsOf(timed, place));
    for (const [way, why] of Object.entries(timed.wrong)) {
      this.leave(place, `${way}/${timed.row}`, why);
      if (!isPeer(way)) this.failures.push(`${table}/${place}/${way}/${timed.row}: ${why}`);
    }
  }

  leave(place: Place, what: string, why: string): void {
    this.leftOut.push({ what: `${table}/${place}/${what}`, why });
  }
}

/** Ways below which something can be run here; the others are left out. */
function usable(findings: Findings, needed: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  for (const way of ways.here) {
    if (!needed.has(way.name)) continue;
    const why = way.available();
    if (why === undefined) {
      found.add(way.name);
      Object.assign(findings.ways, describe([way]));
    } else findings.leave('here', way.name, why);
  }
  return found;
}

/** What is wanted in one place and can be run there. */
function tasksFor(place: Place, options: Options, findings: Findings): Task[] {
  const tasks = programs
    .filter(({ inGvisor }) => place === 'here' || inGvisor)
    .map((program) => taskOf(program, place, options))
    .filter((task) => task !== undefined);
  const needed = new Set(tasks.flatMap((task) => Object.keys(task.ways)));
  const found = place === 'here' ? usable(findings, needed) : needed;
  return tasks
    .filter(({ row }) => {
      const absent = missing(programOf(row));
      if (absent.length > 0)
        findings.leave(place, `*/${row}`, `${absent.join(', ')} is not installed`);
      return absent.length === 0;
    })
    .map(({ row, ways: all }) => ({
      row,
      ways: Object.fromEntries(Object.entries(all).filter(([name]) => found.has(name))),
    }));
}

async function measure(options: Options): Promise<Measured> {
  const findings = new Findings();
  const size = options.quick ? sizes.quick : sizes.here;
  const trees = new Trees(size);
  try {
    for (const task of tasksFor('here', options, findings)) {
      options.progress(`${table}: ${task.row}`);
      const tree = trees.get(programOf(task.row).tree);
      findings.add(await timeProgram(task, roundsOf(options), size, tree), 'here');
    }
  } finally {
    trees.remove();
  }
  const inGvisor = tasksFor('gvisor', options, findings);
  if (inGvisor.length > 0) {
    const reason = await unavailable();
    if (reason === false) {
      options.progress(`${table}: in gVisor, ${inGvisor.map(({ row }) => row).join(', ')}`);
      for (const timed of await measureInGvisor(inGvisor, options)) findings.add(timed, 'gvisor');
    } else findings.leave('gvisor', '*', reason);
  }
  return findings;
}

export const programsTable: Table = {
  name: table,
  about: 'wall time of whole programs, here and in gVisor',
  measure,
};
