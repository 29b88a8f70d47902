// The targets of the project, as data.
import type { Check } from './checks.js';

const neverStopped = /getppid|read of 0 bytes/;
const stopped = /(?:fstatfs|statfs|(?:open|stat|read), (?:unmatched|virtual|mountinfo).*)/;
/** Without mount tables, which no peer changes. */
const ofPeers = /(?:fstatfs|statfs|(?:open|stat), (?:unmatched|virtual).*)/;
const c = { driver: 'c' } as const;
const pinnedCalls = { table: 'calls', ...c, pinned: true } as const;
const everywhere = ['here', 'gvisor'] as const;

const neverStoppedUnder = (way: string): Check => ({
  ...{ wording: `never stopped: at most 1.05 of a filter that allows all (${way})` },
  ...{ ...pinnedCalls, rows: neverStopped, way, base: { is: 'toAllow' }, limit: 1.05 },
});

const toPeer = (peer: string, limit: number, wording: string): Check => ({
  ...{ ...pinnedCalls, rows: ofPeers, way: 'notify' },
  ...{ wording, base: { is: 'peer', way: peer }, limit },
});

export const targets: readonly Check[] = [
  neverStoppedUnder('notify'),
  neverStoppedUnder('trace'),
  {
    ...{ ...pinnedCalls, rows: stopped, way: 'notify' },
    ...{ wording: 'notify: each call at most 1.15 of its floor, pinned' },
    ...{ base: { is: 'toFloor' }, limit: 1.15 },
  },
  {
    ...{ table: 'calls', ...c, pinned: false, rows: /open, virtual/, way: 'notify' },
    ...{ wording: 'notify: a virtual open, unpinned, below 3 floors' },
    ...{ base: { is: 'toFloor' }, limit: 3 },
  },
  {
    ...{ ...pinnedCalls, rows: /fstatfs|statfs|(?:open|stat), unmatched.*/, way: 'inline' },
    ...{ wording: 'inline: at most 1.2 of native, pinned' },
    ...{ base: { is: 'toNative' }, limit: 1.2 },
  },
  {
    ...{ table: 'calls', rows: /fstatfs|statfs/, way: 'inline by trace', places: ['gvisor'] },
    ...{ wording: 'inline by trace, in gVisor: statfs at most 0.25 of trace' },
    ...{ base: { is: 'way', way: 'trace' }, limit: 0.25 },
  },
  toPeer('strace', 0.5, 'notify: at least 2 times faster than strace --seccomp-bpf, pinned'),
  toPeer('proot', 0.25, 'notify: at least 4 times faster than proot, pinned'),
  toPeer('syd', 1, 'notify: no call faster under syd, pinned'),
  toPeer('sandlock', 1, 'notify: no call faster under sandlock, pinned'),
  {
    ...{ ...pinnedCalls, rows: ofPeers, way: 'trace' },
    ...{ wording: 'trace: no call slower than under strace --seccomp-bpf, pinned' },
    ...{ base: { is: 'peer', way: 'strace' }, limit: 1 },
  },
  {
    ...{ table: 'programs', rows: /.*/, way: 'trace' },
    ...{ wording: 'trace: no program slower than under strace --seccomp-bpf' },
    ...{ base: { is: 'way', way: 'strace' }, limit: 1 },
  },
  {
    ...{ table: 'programs', rows: /.*/, way: 'trace', places: everywhere },
    ...{
      wording: 'trace: at least 2 times faster than ptrace, whole programs, here and in gVisor',
    },
    ...{ base: { is: 'way', way: 'ptrace' }, limit: 0.5 },
  },
  {
    ...{ table: 'calls', pinned: false, rows: stopped, way: 'notify', threads: 64 },
    ...{ wording: 'notify: 64 threads get no less done than one, not pinned' },
    ...{ base: { is: 'threads', threads: 1 }, limit: 1 },
  },
  {
    ...{ table: 'calls', rows: stopped, way: 'notify', threads: 64 },
    ...{ wording: 'notify: with 64 threads the slowest hundredth takes at most 20 medians' },
    ...{ base: { is: 'slowest' }, limit: 20 },
  },
  {
    ...{ table: 'growth', rows: /open, 10000 rules/, way: 'notify' },
    ...{ wording: 'notify: an unmatched open with 10,000 rules at most 1.15 of that with 10' },
    ...{ base: { is: 'row', row: 'open, 10 rules' }, limit: 1.15 },
  },
  {
    ...{ table: 'startup', rows: /exec, shipped policy/, way: 'auto' },
    ...{ wording: 'exec true, shipped policy: at most 1.6 of node -e 0' },
    ...{ base: { is: 'toNative' }, limit: 1.6 },
  },
  {
    ...{ table: 'startup', rows: /exec, own policy/, way: 'auto' },
    ...{ wording: "exec true, a user's YAML: at most 2.2 of node -e 0" },
    ...{ base: { is: 'toNative' }, limit: 2.2 },
  },
  {
    ...{ table: 'startup', rows: /exec, the same again/, way: 'auto' },
    ...{ wording: 'exec true, the same again: at most 0.25 of node -e 0' },
    ...{ base: { is: 'toNative' }, limit: 0.25 },
  },
  {
    ...{ table: 'supervisor', rows: /Rss after \d+ calls/, way: 'notify' },
    ...{ wording: 'guardian and worker: at most 3 MB resident (kB)' },
    ...{ base: { is: 'nothing' }, limit: 3072 },
  },
  {
    ...{ table: 'supervisor', rows: /Rss after 10000000 calls/, way: 'notify' },
    ...{ wording: 'guardian and worker: memory flat between 1 and 10 million calls' },
    ...{ base: { is: 'row', row: 'Rss after 1000000 calls' }, limit: 1.02 },
  },
  {
    ...{ table: 'supervisor', rows: /descriptors after 10000000 calls/, way: 'notify' },
    ...{ wording: 'guardian and worker: descriptors flat between 1 and 10 million calls' },
    ...{ base: { is: 'row', row: 'descriptors after 1000000 calls' }, limit: 1 },
  },
  {
    ...{ table: 'supervisor', rows: /processes of Node/, way: 'notify' },
    ...{ wording: 'nothing of Node is left', base: { is: 'nothing' }, limit: 0 },
  },
];
