// The regression gate: ratios of one run of this machine, with limits that noise does not reach.
import t from 'tap';
import { measureGate, runGate } from '../../bench/gate.js';
import { short } from '../../bench/report/numbers.js';

const progress = (line: string): void => {
  t.comment(line);
};
const { lines, leftOut } = await runGate(() => measureGate(progress));

/** Why a way could not be measured, as the table said. */
const reason = (way: string): string | undefined =>
  leftOut.find(({ what }) => what === `calls, here, ${way}`)?.why;

for (const { limit, figure, passed } of lines) {
  const { wording, base, way } = limit;
  const peer = base.is === 'way' ? reason(base.way) : undefined;
  const name = `${wording}: ${figure === undefined ? 'not measured' : short(figure)}, limit ${short(limit.limit)}, target ${short(limit.target)}`;
  // The floor is the same mechanism without this project.
  if (figure === undefined && way === 'notify' && reason('floor') !== undefined)
    t.comment(`not applicable: ${wording}: ${reason('floor') ?? ''}`);
  else if (figure === undefined && peer !== undefined) t.pass(wording, { skip: peer });
  else t.ok(passed, name);
}
