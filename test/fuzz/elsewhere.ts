// The fuzzer in virtual machines and in gVisor. Not a part of `npm test`: npm run fuzz:elsewhere (docs/lanes.md).
// CALLS=n in each place, SEED=n, BATCH=n, WHERE=REGEXP, REPORT=FILE.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import t, { type Test } from 'tap';
import { version } from '../../bench/machine.js';
import { Guest } from '../lanes/guest/guest.js';
import { Gvisor } from '../lanes/gvisor/gvisor.js';
import { debian, newest } from '../lanes/gvisor/runsc.js';
import { root, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';
import { addRow, rowIn } from './report.js';

const calls = process.env['CALLS'] ?? '100000';
const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 32));
/** Of one file of programs: how long it is until something is heard of a slow machine. */
const batch = process.env['BATCH'] ?? '100';
const where = new RegExp(process.env['WHERE'] ?? '');

const fuzzer = path.join(testBuild, 'programs/fuzz-elsewhere.mjs');
mkdirSync(path.dirname(fuzzer), { recursive: true });
buildSync({
  entryPoints: [path.join(root, 'test/fuzz/main.ts')],
  outfile: fuzzer,
  bundle: true,
  platform: 'node',
  format: 'esm',
});

const script = (only: string): string => {
  const words = [
    '--calls',
    calls,
    '--seed',
    seed,
    '--batch',
    batch,
    '--only',
    only,
    '--build',
    version(),
  ];
  return `exec ${[process.execPath, fuzzer, ...words].map(quote).join(' ')}`;
};

interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function check(t: Test, { status, stdout, stderr }: Said): void {
  t.equal(status, 0, `SEED=${seed}: ${stdout}${stderr}`);
  const row = rowIn(stdout);
  const compared = Number(row?.[4]);
  t.ok(compared >= Number(calls), `${compared} calls were compared`);
  t.equal(row?.at(-1), '0', 'no differences');
  t.comment(stdout);
  const report = process.env['REPORT'];
  if (report !== undefined && row) addRow(path.resolve(root, report), row);
}

for (const [name, suite] of [
  ['Linux 5.10', 'bullseye'],
  ['Linux 6.1', 'bookworm'],
  ['Linux 6.12', 'trixie'],
] as const) {
  const guest = new Guest('x86_64', suite);
  const skip = !where.test(name) ? 'not asked for' : (guest.available() ?? false);
  await t.test(name, { skip }, async (t) => {
    check(t, await guest.run(script(''), { memory: 3072 }));
  });
}

for (const [name, runsc] of [
  ['gVisor of 2022', debian],
  ['gVisor, newest', newest],
] as const) {
  const gvisor = new Gvisor(runsc);
  const skip = !where.test(name) ? 'not asked for' : await gvisor.unavailable();
  await t.test(name, { skip }, async (t) => {
    check(t, await gvisor.run(script('^(trace|ptrace)')));
  });
}
