// Several results in one: the whole takes hours, and can be measured in parts.
import type { Result } from '../model.js';
import { distinct, keyOf } from './rows.js';

/** What has to be the same, so that figures can stand beside each other. */
const sameOf = ({ machine, quick }: Result): string => {
  const { cpu, cpus, kernel, distribution, node } = machine;
  return JSON.stringify({ cpu, cpus, kernel, distribution, node, quick });
};

/**
 * The rows of all of them, of one machine, under the date of the newest one. Throws if they are not
 * of one machine, or if two have the same row.
 */
export function joinResults(results: readonly Result[]): Result {
  const [newest] = [...results].sort((a, b) => (a.date < b.date ? 1 : -1));
  if (newest === undefined) throw new Error('there is no result to join');
  for (const result of results)
    if (sameOf(result) !== sameOf(newest))
      throw new Error(
        `results of different machines cannot be joined: ${sameOf(newest)} and ${sameOf(result)}`,
      );
  const rows = results.flatMap((result) => result.rows);
  const known = new Set<string>();
  for (const key of rows.map(keyOf)) {
    if (known.has(key)) throw new Error(`two of the results have the row ${key}`);
    known.add(key);
  }
  const texts = results.flatMap(({ leftOut }) => leftOut.map((left) => JSON.stringify(left)));
  return {
    ...newest,
    version: distinct(results.map(({ version }) => version)).join(', '),
    machine: {
      ...newest.machine,
      peers: Object.fromEntries(results.flatMap(({ machine }) => Object.entries(machine.peers))),
    },
    ways: Object.fromEntries(results.flatMap(({ ways }) => Object.entries(ways))),
    rows,
    leftOut: distinct(texts).map((text) => JSON.parse(text) as Result['leftOut'][number]),
  };
}
