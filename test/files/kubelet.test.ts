// What kubelet, cAdvisor and libcontainer do with sysctls and cgroup files, call by call, where only
// rules make these files.
import path from 'node:path';
import t from 'tap';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { missingGo } from '../support/go.js';
import { type Ended, gvisorPlaces, runHere } from './places.js';
import { quote } from '../support/shell.js';

const subject = path.join(testBuild, 'go/kubelet');

function policy(directory: string): string {
  return [
    'apiVersion: seccomp-spoof/v1',
    'name: kubelet',
    'files:',
    `  - { path: ${directory}/sys/panic, content: "10\\n", writes: discard, parents: true }`,
    `  - path: ${directory}/cg/percpu`,
    '    generate: zero-per-cpu',
    '    filesystem: cgroup',
    '',
  ].join('\n');
}

const expected = `ReadFile: "10\\n"
WriteFile: done
ReadFile again: "10\\n"
Stat of what is missing: true
is a cgroup file: true
has lines: true
directory is watched: true
wrong reads of many: 0
`;

const script = (directory: string, mechanism: string, policyFile: string): string =>
  `mkdir -p ${directory}/cg && exec ${quote(seccompSpoof)} exec -m ${mechanism} ` +
  `--policy ${policyFile} -- ${quote(subject)} ${directory} 2>&1`;

const outcome = ({ status, stdout }: Ended): object => ({ status, stdout });

for (const mechanism of ['notify', 'trace', 'ptrace']) {
  await t.test(`here, by ${mechanism}`, { skip: missingGo }, (t) => {
    const ended = runHere(t, policy, (place, file) => script(place, mechanism, file));
    t.same(outcome(ended), { status: 0, stdout: expected });
    t.end();
  });
}

for (const { name, skip, run } of await gvisorPlaces()) {
  for (const mechanism of ['trace', 'ptrace']) {
    await t.test(`${name}, by ${mechanism}`, { skip: missingGo || skip }, async (t) => {
      const ended = await run(policy, (place, file) => script(place, mechanism, file));
      t.same(outcome(ended), { status: 0, stdout: expected });
    });
  }
}
