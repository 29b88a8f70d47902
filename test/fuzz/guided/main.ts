// `npm run fuzz:guided`: each target for a minute, or for as long as is asked for; docs/lanes.md.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { madeBy, thisMachine, writeSection } from '../../support/section.js';
import { corpora, fuzz, make, minimize, missing, TARGETS, type Target } from './targets.js';

const names = Object.keys(TARGETS) as Target[];
const help = `npm run fuzz:guided -- [OPTION]... [TARGET]...
  targets        ${names.join(', ')}; all if none is named
  --runs N       executions of each target
  --seconds N    seconds of each target (60)
  --seed N       the same inputs again, if the corpus is the same
  --minimize     the corpus becomes what is needed of it and of all that was found before
  --report FILE  where the figures go, as a section`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    minimize: { type: 'boolean', default: false },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const build = resolve('test/build/guided');

function asked(): Target[] {
  const unknown = positionals.find((name) => !names.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`no such target: ${unknown}; ${names.join(', ')}`);
  return positionals.length === 0 ? names : names.filter((name) => positionals.includes(name));
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

async function run(targets: readonly Target[]): Promise<number> {
  const rows: string[] = [];
  let faults = 0;
  make(build, targets);
  for (const target of targets) {
    const program = join(build, target);
    const keep = join(build, 'corpus', target);
    const outcome = await fuzz({
      program,
      longest: TARGETS[target],
      corpus: [join(corpora, target)],
      keep,
      runs: numberOf(values.runs),
      seconds: numberOf(values.seconds ?? (values.runs === undefined ? '60' : undefined)),
      seed: numberOf(values.seed),
    });
    const { executions, perSecond, edges, features, found } = outcome;
    const row = `| ${target} | ${executions} | ${perSecond} | ${edges} | ${features} | ${found ? 1 : 0} |`;
    rows.push(row);
    console.log(row);
    if (found !== undefined) {
      faults++;
      console.log(`${found.said}\n${target}: the input in hexadecimal digits: ${found.hex}`);
    } else if (values.minimize) await minimize(target, program, keep);
  }
  const report = [
    `${madeBy('npm run fuzz:guided')}; do not edit.`,
    thisMachine(),
    '',
    '| target | executions | a second | branches | with counts | found |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ];
  if (values.report !== undefined) writeSection(values.report, 'Guided fuzzers', report);
  return faults > 0 ? 1 : 0;
}

const why = missing();
if (values.help) console.log(help);
else if (why !== false) {
  console.error(`fuzz:guided: ${why}`);
  process.exitCode = 2;
} else process.exitCode = await run(asked());
