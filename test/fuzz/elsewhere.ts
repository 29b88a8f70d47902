// The fuzzer in virtual machines and in gVisor. Not a part of `npm test`: npm run fuzz:elsewhere (docs/lanes.md).
// CALLS=n in each place, SEED=n, BATCH=n, LINES=n, WHERE=REGEXP, ONLY=REGEXP, REPORT=FILE.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import t, { type Test } from 'tap';
import { version } from '../../bench/machine.js';
import { Guest } from '../lanes/guest/guest.js';
import { Gvisor } from '../lanes/gvisor/gvisor.js';
import { debian, newest } from '../lanes/gvisor/runsc.js';
import { root, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';
import { LINES } from './generate.js';
import { addRow, rowIn } from './report.js';

const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 32));
/** Of one file of programs: few, so that memory suffices and a difference is known soon. */
const batch = process.env['BATCH'] ?? '100';
const lines = process.env['LINES'] ?? String(LINES);
const where = new RegExp(process.env['WHERE'] ?? '');

const fuzzer = path.join(testBuild, 'programs/fuzz-elsewhere.mjs');
const compiler = path.join(root, 'test/program.mjs');
execFileSync(process.execPath, [compiler, '--to', fuzzer, 'fuzz/main.ts'], { stdio: 'inherit' });

interface Place {
  readonly name: string;
  /** What the row calls it, if its kernel's own name does not tell. */
  readonly kernel?: string;
  /** Calls of about an hour, if nothing is said. */
  readonly calls: string;
  /** Ways that it has. */
  readonly only: string;
}

const callsOf = ({ calls }: Place): string => process.env['CALLS'] ?? calls;

const script = (place: Place): string => {
  const words = [
    ...['--calls', callsOf(place), '--seed', seed, '--batch', batch, '--build', version()],
    ...['--lines', lines],
    ...['--only', process.env['ONLY'] ?? place.only],
    ...(place.kernel === undefined ? [] : ['--kernel', place.kernel]),
  ];
  return [process.execPath, fuzzer, ...words].map(quote).join(' ');
};

/** For whoever waits: what it says goes to the terminal at once. */
const tell = ({ name }: Place, text: string): void => {
  for (const line of text.split('\n')) if (line !== '') console.error(`# ${name}: ${line}`);
};

interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function check(t: Test, place: Place, { status, stdout, stderr }: Said): void {
  t.equal(status, 0, `SEED=${seed}: ${stdout}${stderr}`);
  const row = rowIn(stdout);
  const compared = Number(row?.[4]);
  t.ok(compared >= Number(callsOf(place)), `${compared} calls were compared`);
  t.equal(row?.at(-1), '0', 'no differences');
  const report = process.env['REPORT'];
  if (report !== undefined && row) addRow(path.resolve(root, report), row);
}

/** What is said to the console is seen at once, what is said to standard output at the end. */
const loudly = (command: string): string =>
  `{ ${command} 2>&1; echo $? >/tmp/status; } | tee /dev/console; exit $(cat /tmp/status)`;

for (const [name, suite, calls] of [
  ['Linux 5.10', 'bullseye', '40000'],
  ['Linux 6.1', 'bookworm', '40000'],
  ['Linux 6.12', 'trixie', '40000'],
] as const) {
  const guest = new Guest('x86_64', suite);
  const place = { name, calls, only: '' };
  const skip = !where.test(name) ? 'not asked for' : (guest.available() ?? false);
  await t.test(name, { skip }, async (t) => {
    const onLine = (line: string): void => {
      if (!line.startsWith('guest: ')) tell(place, line);
    };
    check(t, place, await guest.run(loudly(script(place)), { memory: 3072, onLine }));
  });
}

for (const [name, runsc, calls] of [
  ['gVisor of 2022', debian, '100000'],
  ['gVisor, newest', newest, '500000'],
] as const) {
  const gvisor = new Gvisor(runsc);
  const place = { name, kernel: name, calls, only: '^(trace|ptrace|inline trace)' };
  const skip = !where.test(name) ? 'not asked for' : await gvisor.unavailable();
  await t.test(name, { skip }, async (t) => {
    const onOutput = (text: string): void => {
      tell(place, text);
    };
    check(t, place, await gvisor.run(script(place), { onOutput }));
  });
}
