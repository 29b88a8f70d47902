// What grows. A group is measured in common rounds, so that its rows can be compared.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policyFile, type RuleKind } from './policies.js';

export interface Variant {
  readonly row: string;
  readonly call: 'statfs' | 'open';
  readonly path: string;
  readonly policy: string;
  /** That many make the calls at once; one, if not said. */
  readonly processes?: number;
  /** Mounts besides the machine's own, on directories of a new tmpfs. */
  readonly mounts?: { readonly count: number; readonly directory: string };
}

export interface Group {
  readonly name: string;
  /** On one CPU: what is measured is work, not where it is done. */
  readonly pinned: boolean;
  readonly variants: readonly Variant[];
}

const elsewhere = '/usr/share';
const ruleCounts = [1, 10, 100, 1000, 10_000];

function rules(place: string, kind: RuleKind, call: Variant['call'], path: string): Group {
  return {
    name: kind,
    pinned: true,
    variants: ruleCounts.map((count) => ({
      row: `${call}, ${count} ${kind}`,
      call,
      path,
      policy: policyFile(place, `${kind.replace(' ', '-')}-${count}`, [[kind, count]]),
    })),
  };
}

/** A directory whose path is exactly that long, made below `place`. */
function directoryOf(place: string, length: number): string {
  let path = place;
  while (length - path.length > 1) {
    // No single letter may be left over: that would need a slash and nothing else.
    const room = length - path.length - 1;
    const name = Math.min(room, room === 202 || room === 201 ? 190 : 200);
    path = `${path}/${'d'.repeat(name)}`;
  }
  mkdirSync(path, { recursive: true });
  return path;
}

const calls = ['statfs', 'open'] as const;

/** All groups; what they need lies below `place`. */
export function groups(place: string): Group[] {
  const policy = policyFile(place, 'few', [
    ['path rules', 10],
    ['rules', 10],
  ]);
  const directory = join(place, 'mounts');
  mkdirSync(directory);
  // Others have to look as the program would.
  const below = join(place, 'private', 'below');
  mkdirSync(below, { recursive: true });
  chmodSync(join(place, 'private'), 0o700);
  const namesake = join(place, 'host.conf');
  writeFileSync(namesake, '');
  const paths = [
    elsewhere, // 10 bytes
    ...[100, 1000, 4000].map((length) => directoryOf(place, length)),
  ];
  return [
    rules(place, 'path rules', 'statfs', elsewhere),
    rules(place, 'rules', 'open', elsewhere),
    rules(place, 'wildcard rules', 'open', elsewhere),
    rules(place, 'tree rules', 'open', elsewhere),
    rules(place, 'namesake rules', 'open', namesake),
    {
      name: 'processes',
      pinned: false,
      variants: calls.flatMap((call) =>
        [1, 8, 64].map((processes) => ({
          row: `${call}, ${processes} ${processes === 1 ? 'process' : 'processes'}`,
          ...{ call, path: elsewhere, policy, processes },
        })),
      ),
    },
    {
      name: 'mounts',
      pinned: true,
      variants: [30, 3000].map((count) => ({
        row: `statfs, ${count} mounts`,
        call: 'statfs',
        path: join(directory, `m${count - 1}`),
        policy,
        mounts: { count, directory },
      })),
    },
    {
      name: 'rights',
      pinned: true,
      variants: calls.map((call) => ({
        row: `${call}, below a directory of mode 0700`,
        ...{ call, path: below, policy },
      })),
    },
    {
      name: 'path length',
      pinned: true,
      variants: calls.flatMap((call) =>
        paths.map((path) => ({
          row: `${call}, path of ${path.length} bytes`,
          ...{ call, path, policy },
        })),
      ),
    },
  ];
}
