// The command line of `npm run bench`.
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { calls } from './calls/table.js';
import { growth } from './growth/table.js';
import { machine, version } from './machine.js';
import type { LeftOut, Result, Row, WayInfo } from './model.js';
import { profile } from './profile/table.js';
import { programsTable } from './programs/table.js';
import { finish, reportOptions } from './report/command.js';
import { startup } from './startup/table.js';
import { supervisor } from './supervisor/table.js';
import type { Options, Table } from './table.js';

const tables: readonly Table[] = [calls, programsTable, growth, startup, supervisor, profile];

/** What all of these expressions match, each somewhere in the text. */
const allOf = (expressions: readonly string[]): RegExp =>
  new RegExp(`^${expressions.map((expression) => `(?=.*(?:${expression}))`).join('')}`);

const words = await yargs(hideBin(process.argv))
  .scriptName('npm run bench --')
  .usage('$0 [OPTION...]\n\nMeasures what seccomp-spoof costs, next to its peers.')
  .option('quick', { type: 'boolean', default: false, describe: 'a tenth of the time' })
  .option('only', {
    type: 'string',
    default: '',
    describe: 'regular expression: TABLE/PLACE/WAY/ROW; of several, all must match',
  })
  .option('json', { type: 'string', describe: 'write the result to this file' })
  .options(reportOptions)
  .epilogue(`Tables:\n${tables.map(({ name, about }) => `  ${name}  ${about}`).join('\n')}`)
  .strict()
  .version(false)
  .parse();

const options: Options = {
  quick: words.quick,
  only: allOf([words.only].flat()),
  progress: (line) => {
    console.error(line);
  },
};

async function measure(): Promise<Result> {
  const rows: Row[] = [];
  const leftOut: LeftOut[] = [];
  const ways: Record<string, WayInfo> = {};
  const failures: string[] = [];
  for (const table of tables) {
    const measured = await table.measure(options);
    rows.push(...measured.rows);
    leftOut.push(...measured.leftOut);
    Object.assign(ways, measured.ways);
    failures.push(...(measured.failures ?? []));
  }
  for (const failure of failures) console.error(`wrong: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
  const versions = Object.entries(ways).flatMap(([name, { version }]) =>
    version === undefined ? [] : [[name, version] as const],
  );
  return {
    format: 1,
    date: new Date().toISOString(),
    version: version(),
    machine: machine(Object.fromEntries(versions)),
    quick: options.quick,
    ways,
    rows,
    leftOut,
  };
}

await finish(words, measure);
