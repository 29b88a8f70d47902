// `npm run fuzz`: a million calls, or as many as are asked for; docs/lanes.md.
import { parseArgs } from 'node:util';
import { version } from '../../bench/machine.js';
import { BATCH, compare } from './compare.js';
import { LINES } from './generate.js';
import { addRow, line, rowOf } from './report.js';
import { Arena, missing, titleOf } from './ways.js';

const help = `npm run fuzz -- [OPTION]...
  --calls N      until so many calls were compared (1000000)
  --seed N       programs of this seed, and of those after it (random)
  --batch N      programs below one exec (${BATCH})
  --lines N      calls of a program, at most (${LINES})
  --most N       ends after so many differences (5)
  --only REGEXP  ways by name: MECHANISM,POLICY,USER, like 'trace,full,root'
  --report FILE  gets a row more in its section
  --build NAME   of what build they are (git describe)
  --kernel NAME  what it runs on (Linux and its version)`;

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    batch: { type: 'string', default: String(BATCH) },
    lines: { type: 'string', default: String(LINES) },
    most: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    report: { type: 'string' },
    build: { type: 'string' },
    kernel: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function run(): Promise<number> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
  const only = new RegExp(values.only);
  const arena = new Arena();
  const began = Date.now();
  let said = began;
  const say = (text: string): void => {
    console.log(text);
    said = Date.now();
  };
  say(`seed ${seed}`);
  try {
    await arena.prepare();
    const { counts, differences } = await compare(arena, {
      seed,
      calls: Number(values.calls),
      batch: Number(values.batch),
      lines: Number(values.lines),
      most: Number(values.most),
      ways: (way) => only.test(`${way.mechanism},${way.policy},${way.user}`),
      say,
      done(way) {
        if (Date.now() - said > 60_000) say(`goes on: ${titleOf(way)}`);
      },
    });
    const row = rowOf(seed, counts, differences.length, values.build ?? version(), values.kernel);
    console.log(line(row));
    console.log(`in ${Math.round((Date.now() - began) / 1000)} s`);
    if (values.report !== undefined) addRow(values.report, row);
    return differences.length > 0 ? 1 : 0;
  } finally {
    arena.close();
  }
}

const why = missing();
if (values.help) console.log(help);
else if (why !== false) {
  console.error(`fuzz: ${why}`);
  process.exitCode = 2;
} else process.exitCode = await run();
