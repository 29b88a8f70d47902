// What kubelet, cAdvisor and libcontainer do with sysctls and cgroup files, call by call, where only
// rules make these files.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import { debian, newest } from '../lanes/gvisor/runsc.js';
import { cleanCommand } from '../support/environment.js';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from './virtual.js';

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

for (const mechanism of ['notify', 'trace', 'ptrace']) {
  await t.test(`here, by ${mechanism}`, (t) => {
    const place = mkdtempSync('/dev/shm/seccomp-spoof-');
    t.teardown(() => {
      rmSync(place, { recursive: true, force: true });
    });
    const policyFile = path.join(place, 'policy.yaml');
    writeFileSync(policyFile, policy(place));
    const [program, words] = cleanCommand(['sh', '-c', script(place, mechanism, policyFile)]);
    const { status, stdout } = spawnSync(program, words, { encoding: 'utf8', cwd: '/' });
    t.same({ status, stdout }, { status: 0, stdout: expected });
    t.end();
  });
}

for (const [name, runsc] of [
  ['gVisor of 2022', debian],
  ['the newest gVisor', newest],
] as const) {
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  for (const mechanism of ['trace', 'ptrace']) {
    await t.test(`${name}, by ${mechanism}`, { skip }, async (t) => {
      const files = { 'policy.yaml': policy('/tmp/place') };
      const inside = script('/tmp/place', mechanism, `${share}/policy.yaml`);
      const { status, stdout } = await gvisor.run(inside, { files, timeoutMs: 300_000 });
      t.same({ status, stdout }, { status: 0, stdout: expected });
    });
  }
}
