// Files that rules make, by every way of opening them: the same as real ones, on each mechanism.
import t from 'tap';
import { gvisorPlaces, runHere } from './places.js';
import { type Mechanism, compare, policy, script } from './virtual.js';

const here: readonly Mechanism[] = ['notify', 'trace', 'ptrace'];
const traced = here.filter((mechanism) => mechanism !== 'notify');

await t.test('here', (t) => {
  const { status, stdout, stderr } = runHere(t, policy, (place, policyFile) =>
    script(place, here, policyFile),
  );
  t.equal(status, 0, 'status', { stderr });
  compare(t, stdout, here);
  t.end();
});

for (const { name, skip, run } of await gvisorPlaces()) {
  await t.test(name, { skip }, async (t) => {
    const { status, stdout, stderr } = await run(policy, (place, policyFile) =>
      script(place, traced, policyFile),
    );
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, traced);
  });
}
