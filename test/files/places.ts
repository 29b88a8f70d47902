// Where the tests about files run: a directory here, and one in each gVisor, with a policy that names
// files below it.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import { debian, newest } from '../lanes/gvisor/runsc.js';
import { cleanCommand } from '../support/environment.js';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Policy = (directory: string) => string;
type Script = (directory: string, policyFile: string) => string;

/** Runs a shell script about a new directory on a tmpfs of this machine. */
export function runHere(t: Test, policy: Policy, script: Script): Ended {
  const place = mkdtempSync('/dev/shm/seccomp-spoof-');
  chmodSync(place, 0o755);
  t.teardown(() => {
    rmSync(place, { recursive: true, force: true });
  });
  const policyFile = path.join(place, 'policy.yaml');
  writeFileSync(policyFile, policy(place));
  const [program, words] = cleanCommand(['sh', '-c', script(place, policyFile)]);
  return spawnSync(program, words, { encoding: 'utf8', cwd: '/', maxBuffer: 1 << 26 });
}

export interface GvisorPlace {
  readonly name: string;
  /** Why it cannot run here, or false. */
  readonly skip: string | false;
  /** The same as runHere(), in a sandbox of its own. */
  readonly run: (policy: Policy, script: Script) => Promise<Ended>;
}

export async function gvisorPlaces(): Promise<readonly GvisorPlace[]> {
  const known = { 'gVisor of 2022': debian, 'the newest gVisor': newest };
  const place = '/tmp/place';
  return Promise.all(
    Object.entries(known).map(async ([name, runsc]) => {
      const gvisor = new Gvisor(runsc);
      return {
        name,
        skip: await gvisor.unavailable(),
        run: (policy: Policy, script: Script) =>
          gvisor.run(`mkdir ${place}\n${script(place, `${share}/policy.yaml`)}`, {
            files: { 'policy.yaml': policy(place) },
          }),
      };
    }),
  );
}
