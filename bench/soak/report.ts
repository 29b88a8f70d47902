// What is left of a soak: soak.json, soak.md with the verdicts, soak.svg.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table as tableOf } from '../report/markdown.js';
import { clock } from './duration.js';
import type { Observation, Soak, Usage } from './model.js';
import { drawTimeline } from './timeline.js';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  tableOf(
    head,
    rows.map((cells) => cells.map(cell)),
    Infinity,
  );

const megabytes = (kilobytes: number): string => `${(kilobytes / 1024).toFixed(1)} MB`;

/** Memory at the begin (the first look), the most, and the last; processor time over the whole. */
function usageRow(
  name: string,
  observations: readonly Observation[],
  pick: (observation: Observation) => Usage | null,
): string[][] {
  const seen = observations.flatMap((observation) => {
    const usage = pick(observation);
    return usage === null ? [] : [{ at: observation.at, ...usage }];
  });
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === undefined || last === undefined) return [];
  const most = Math.max(...seen.map(({ memory }) => memory));
  const seconds = (last.at - first.at) / 1000;
  const share = seconds > 0 ? `${(((last.cpu - first.cpu) / seconds) * 100).toFixed(1)} %` : '–';
  const processes = String(Math.max(...seen.map((each) => each.processes)));
  return [[name, processes, ...[first.memory, most, last.memory].map(megabytes), share]];
}

const outcomesOf = ({ outcomes }: NonNullable<Soak['inline']>): string[][] =>
  outcomes.map(({ outcome, count }) => [outcome, String(count)]);

export function markdown(soak: Soak): string {
  const { machine, observations, criteria, matches, policy, mechanism, inline } = soak;
  const facts = [
    ['command', `\`${soak.command.join(' ')}\``],
    ['policy', policy === null ? 'none: without seccomp-spoof' : policy.join(', ')],
    ...(mechanism === null ? [] : [['mechanism', mechanism]]),
    ...(inline === undefined ? [] : [['inline', inline.asked]]),
    ['date', soak.date],
    ['seccomp-spoof', soak.version],
    ['machine', `${machine.cpu}, ${machine.cpus} CPUs, ${machine.memoryGiB} GiB`],
    ['kernel', machine.kernel],
    [
      'lasted',
      `${clock(soak.lasted)} of ${clock(soak.planned)}, a look every ${soak.interval / 1000} s`,
    ],
    ['settling', `what failed before ${clock(soak.settle)} does not count`],
    ...(soak.interrupted === null ? [] : [['interrupted', soak.interrupted]]),
  ];
  const verdicts = criteria.map(({ name, verdict, why }) => [
    name,
    verdict === 'not met' ? '**not met**' : verdict,
    why,
  ]);
  const used = [
    ...usageRow('the command and its children', observations, ({ command }) => command),
    ...usageRow('guardian and worker', observations, ({ supervisor }) => supervisor),
  ];
  const lines = matches.map(({ pattern, at, line }) => [clock(at), pattern, `\`${line}\``]);
  return [
    '# Soak',
    table(['', ''], facts),
    '![What happened when](soak.svg)',
    '## Criteria',
    'The first four are those of the experiment that this project comes from.',
    table(['criterion', '', 'by'], verdicts),
    '## Use',
    table(['', 'processes', 'memory first', 'most', 'last', 'of one CPU'], used),
    ...(inline === undefined
      ? []
      : ['## Programs that answer by themselves', table(['', 'times'], outcomesOf(inline))]),
    ...(lines.length === 0 ? [] : ['## Lines of the log', table(['at', 'pattern', 'line'], lines)]),
    '',
  ].join('\n\n');
}

/** The verdicts, for a terminal. */
export function verdictLines({ criteria }: Soak): string[] {
  const width = Math.max(...criteria.map(({ name }) => name.length));
  return criteria.map(
    ({ name, verdict, why }) => `${name.padEnd(width)}  ${verdict.padEnd(9)}  ${why}`,
  );
}

/** Writes all three into the directory. */
export function writeReport(soak: Soak, directory: string): void {
  const files = {
    'soak.json': `${JSON.stringify(soak, null, 1)}\n`,
    'soak.md': markdown(soak),
    'soak.svg': drawTimeline(soak),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}
