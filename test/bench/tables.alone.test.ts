// The tables of the bench but `calls`: a small part of each is measured, and gives the rows that it must.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import type { Result, Row } from '../../bench/model.js';
import { timeProgram, Trees } from '../../bench/programs/rounds.js';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';

const scratch = mkdtempSync(path.join(tmpdir(), 'bench-test-'));
t.teardown(() => {
  rmSync(scratch, { recursive: true });
});

function bench(only: string): Result {
  const file = path.join(scratch, 'result.json');
  const words = ['--quick', '--only', only, '--json', file];
  const [command, rest] = cleanCommand([process.execPath, 'bench/run.mjs', 'main.js', ...words]);
  const { status, stderr } = spawnSync(command, rest, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the bench ended with ${status}: ${stderr}`);
  return JSON.parse(readFileSync(file, 'utf8')) as Result;
}

const key = ({ place, way, row }: Row): string => `${place}/${way}/${row}`;

function find(rows: readonly Row[], wanted: string): Row {
  const row = rows.find((each) => key(each) === wanted);
  if (row === undefined) throw new Error(`no row ${wanted} in ${rows.map(key).join(', ')}`);
  return row;
}

void t.test('programs: rows of native and of the ways asked for, with ratios', (t) => {
  const { rows } = bench('^programs/here/(notify|trace)/one cat');
  t.strictSame(rows.map(key).sort(), [
    'here/native/one cat a file',
    'here/notify/one cat a file',
    'here/trace/one cat a file',
  ]);
  const notify = find(rows, 'here/notify/one cat a file');
  t.match(notify, { table: 'programs', unit: 'ms', value: { rounds: 2 } });
  t.ok((notify.toNative?.median ?? 0) > 0, 'it has a ratio to native');
  t.equal(find(rows, 'here/native/one cat a file').toNative, undefined);
  t.end();
});

void t.test('programs: in gVisor, or why not', (t) => {
  const { rows, leftOut } = bench('^programs/gvisor/trace/one cat');
  if (rows.length === 0) t.match(leftOut, [{ what: 'programs/gvisor/*', why: /./ }]);
  else t.ok((find(rows, 'gvisor/trace/one cat a file').toNative?.median ?? 0) > 0);
  t.end();
});

void t.test('programs: another output than natively is not a time but a failure', async (t) => {
  const size = { files: 20, modules: 0, cats: 5, packages: [], short: true };
  const trees = new Trees(size);
  t.teardown(() => {
    trees.remove();
  });
  const task = { row: 'one cat a file', ways: { native: [], broken: ['echo'] } };
  const { wrong } = await timeProgram(task, 1, size, trees.get('files'));
  t.match(wrong, { broken: /instead of/ });
  t.equal(wrong['native'], undefined);
});

void t.test('growth: the rows of one group', (t) => {
  const { rows } = bench('^growth/here/notify/open, 10+ rules$');
  t.strictSame(
    rows.filter(({ way }) => way === 'notify').map(({ row }) => row),
    ['open, 10 rules', 'open, 100 rules', 'open, 1000 rules', 'open, 10000 rules'],
  );
  for (const row of rows.filter(({ way }) => way === 'notify'))
    t.ok((row.toNative?.median ?? 0) > 1, `${row.row}: a stopped call costs more`);
  t.end();
});

void t.test('startup: the parts are about the whole', (t) => {
  const { rows } = bench('^startup/');
  const whole = find(rows, 'here/auto/exec, shipped policy');
  const parts = ['shim', 'Node', 'JavaScript, shipped policy', 'probe', 'starter'].map(
    (name) => find(rows, `here/auto/part: ${name}`).value.median,
  );
  const sum = parts.reduce((all, one) => all + one, 0);
  t.ok(sum > whole.value.median / 2 && sum < whole.value.median * 2, `${sum} ms of all parts`);
  t.equal(find(rows, 'here/native/node -e 0').toNative?.median, 1);
  const bundle = find(rows, 'here/auto/bundle').value.median;
  t.ok(bundle < whole.value.median / 2, `${bundle} ms of a bundle: no Node is started`);
  const again = find(rows, 'here/auto/exec, the same again').value.median;
  t.ok(again < whole.value.median / 2, `${again} ms of the same start again: nor there`);
  t.end();
});

void t.test('supervisor: memory and descriptors, and nothing of Node', (t) => {
  const { rows, leftOut } = bench('^supervisor/here/trace/');
  if (rows.length === 0) {
    t.match(leftOut, [{ why: /tmpfs/ }]);
    t.end();
    return;
  }
  t.equal(find(rows, 'here/trace/processes of Node').value.median, 0);
  t.match(find(rows, 'here/trace/Rss at start'), { unit: 'kB', driver: 'c' });
  // The first call that is looked at makes the supervisor take a pidfd of its thread.
  const descriptors = ['after 10000 calls', 'after 100000 calls'].map(
    (when) => find(rows, `here/trace/descriptors ${when}`).value.median,
  );
  t.equal(descriptors[1], descriptors[0], 'no descriptor is lost');
  t.end();
});

void t.test('profile: what a stopped call makes the supervisor do, and nothing more', (t) => {
  const { rows, leftOut } = bench('^profile/');
  if (rows.length === 0) {
    t.match(leftOut, [{ why: /./ }]);
    t.end();
    return;
  }
  const all = (way: string, call: string): number =>
    find(rows, `here/${way}/${call}: all`).value.median;
  // The barest loop, and by how many calls each of ours may exceed it. What is delivered takes two
  // steps, where the loop takes one (docs/decisions/0012).
  const above: Readonly<Record<string, number>> = {
    statfs: 2,
    fstatfs: 2,
    'open, unmatched, existing, absolute': 0,
    'open, unmatched, existing, relative': 0,
    'open, unmatched, missing, absolute': 0,
    'open, unmatched, missing, relative': 0,
    'stat, unmatched': 0,
    'open, virtual': 7, // its mode may keep its owner out
    'stat, virtual': 3,
    'open, mountinfo': 20,
  };
  for (const [call, more] of Object.entries(above)) {
    const [floor, notify] = [all('floor', call), all('notify', call)];
    t.ok(notify <= floor + more + 0.05, `${call}: ${notify} by notify, ${floor} at the floor`);
    t.ok(floor >= 3, `${call}: seen at the floor`);
  }
  // Asked besides: is the memory there that is read or written (docs/decisions/0016), and is the program
  // still the one that called, before memory and before registers are written.
  const byTrace: Readonly<Record<string, number>> = {
    statfs: 16,
    fstatfs: 18, // by the name of its entry in /proc, with its owner's rights; a copy could not be closed
    'open, unmatched, existing, absolute': 6,
    'stat, virtual': 14,
  };
  for (const [call, most] of Object.entries(byTrace))
    t.ok(all('trace', call) <= most, `${call}: ${all('trace', call)} by trace`);
  t.end();
});
