// One round of `npm run stress` of each event by each mechanism, with few processes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { events } from './events.js';
import { mechanisms, Stress } from './stress.js';

await t.test('each event by each mechanism', async (test) => {
  const place = mkdtempSync(path.join(tmpdir(), 'stress-'));
  const stress = new Stress(place, 12);
  test.teardown(() => {
    stress.kill();
    rmSync(place, { recursive: true, force: true });
  });
  await stress.begin();
  for (let round = 0; round < Object.keys(events).length * mechanisms.length; round++)
    test.pass(await stress.round());
  // Whether memory stays flat is a matter of hours, and of what else the machine does: `npm run stress`.
  const { rows, notHere, growth } = await stress.end();
  test.comment(`grown: ${growth.join('; ')}`);
  for (const { mechanism, calls } of rows) test.ok(calls > 0, `${mechanism}: ${calls} calls`);
  for (const [name, why] of Object.entries(notHere))
    test.comment(`not applicable: ${name}: ${why}`);
});
