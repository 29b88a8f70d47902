// The figures of a run, as a section of docs/reliability.md.
import { clock } from '../../bench/soak/duration.js';
import { madeBy, thisMachine, writeSection } from '../support/section.js';
import type { Result } from './stress.js';

export function writeReport(file: string, result: Result): void {
  const { rows, counts, notHere, growth } = result;
  const text = [
    `Programs asked for filesystems and files below each mechanism for ${clock(result.milliseconds)}, and each answer was checked, while`,
    `other trees met what the second table says. Result: 0 wrong answers; ${growth.length === 0 ? 'memory and descriptors stayed as they were' : growth.join('; ')}.`,
    '',
    `${madeBy('npm run stress')}; do not edit.`,
    thisMachine(),
    '',
    '| mechanism | calls checked | let run | memory of the supervisor, warm (KB) | at the end (KB) | descriptors, warm | at the end |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(
      ({ mechanism, calls, native, before, after }) =>
        `| \`${mechanism}\` | ${calls} | ${native} | ${before.memoryKb} | ${after.memoryKb} | ${before.descriptors} | ${after.descriptors} |`,
    ),
    '',
    '| what other trees met | times |',
    '| --- | --- |',
    ...Object.entries(counts).map(([name, count]) => `| ${name} | ${count} |`),
    ...Object.entries(notHere).flatMap(([name, why]) =>
      name in counts ? [] : [`| ${name} | not here: ${why} |`],
    ),
  ];
  writeSection(file, 'Stress', text);
}
