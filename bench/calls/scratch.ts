// The directory on a tmpfs where calls are made, and the policy that changes their answers.
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '../running.js';
import { types } from '../types.js';
import type { Job, VirtualFile } from '../ways/way.js';

/** What is really there, where the policy has another content: of another length. */
export const realContent = 'as the kernel says\n';
const virtualContent = 'as the policy says, and longer\n';

export interface Scratch {
  readonly directory: string;
  /** Empty. */
  readonly crowd: string;
  readonly job: Job & { readonly virtual: VirtualFile };
  readonly remove: () => void;
}

const policy = (path: string): string => `apiVersion: seccomp-spoof/v1
name: bench
statfs:
  - when: { type: [tmpfs, 9p] }
    answer: { type: ext4 }
mounts:
  - when: { fstype: tmpfs }
    answer: { fstype: ext4 }
files:
  - path: ${JSON.stringify(path)}
    content: ${JSON.stringify(virtualContent)}
`;

/** A directory of mode 0700 on a tmpfs; its name, or undefined if there is none that we may write to. */
export function makeDirectory(): string | undefined {
  for (const place of ['/dev/shm', process.env['XDG_RUNTIME_DIR'] ?? '', tmpdir()]) {
    try {
      if (statfsSync(place).type === types.tmpfs)
        return mkdtempSync(join(place, 'seccomp-spoof-bench-'));
    } catch {
      continue; // not there, or not ours
    }
  }
  return undefined;
}

export function makeScratch(): Scratch | undefined {
  const directory = makeDirectory();
  if (directory === undefined) return undefined;
  const remove = atEnd(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const inside = (name: string): string => join(directory, name);
  const virtual = {
    path: inside('place/virtual'),
    content: virtualContent,
    file: inside('bound/virtual'),
  };
  for (const name of ['place', 'bound', 'crowd']) mkdirSync(inside(name));
  writeFileSync(inside('existing'), 'nothing looks at this\n');
  writeFileSync(virtual.path, realContent);
  writeFileSync(virtual.file, virtualContent);
  writeFileSync(inside('bench.yaml'), policy(virtual.path));
  return {
    directory,
    crowd: inside('crowd'),
    job: { policy: inside('bench.yaml'), virtual },
    remove,
  };
}
