// The table of calls: the drivers notice wrong answers, and `npm run bench` writes what it measured.
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';

import { cDriver, driverWords, goDriver, parseFigures } from '../../bench/calls/driver.js';
import { Measurement } from '../../bench/calls/measure.js';
import type { Group } from '../../bench/calls/plan.js';
import { makeScratch, type Scratch } from '../../bench/calls/scratch.js';
import { shapes } from '../../bench/calls/shapes.js';
import type { Result } from '../../bench/model.js';
import type { Options } from '../../bench/table.js';
import { native } from '../../bench/ways/bases.js';
import { doesAll, type Way } from '../../bench/ways/way.js';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';

const options: Options = { quick: true, only: /./, progress: () => undefined };
const names = [...shapes.map(({ name }) => name), 'mountinfo-open', 'mountinfo-read'];

/** Says that it changes all answers, and changes none. */
const idle: Way = { ...native, name: 'idle', kind: 'ours', does: doesAll };

const made = makeScratch();
if (made === undefined) t.comment('not applicable: no tmpfs can be written to');
else await withScratch(made);

async function withScratch(scratch: Scratch): Promise<void> {
  t.teardown(scratch.remove);

  for (const driver of [cDriver, goDriver]) {
    const program = driver.program();
    const skip = 'missing' in program ? program.missing : false;
    await t.test(`the driver in ${driver.name}`, { skip }, (t) => {
      if ('missing' in program) return;
      const run = (way: Way): SpawnSyncReturns<string> => {
        const asked = { shapes: names, threads: 2, ms: 2 };
        const [command = '', ...rest] = driverWords(program.file, scratch, way, asked);
        return spawnSync(command, rest, { encoding: 'utf8' });
      };
      const good = run(native);
      t.equal(good.status, 0, good.stdout + good.stderr);
      const lines = parseFigures(good.stdout);
      t.same(
        lines.map(({ shape }) => shape),
        names,
      );
      for (const line of lines)
        t.match(line, { ns: Number, calls: Number, p99: Number, threadNs: [Number, Number] });
      const bad = run(idle);
      t.equal(bad.status, 1, 'wrong answers are an error');
      t.same(
        parseFigures(bad.stdout).flatMap((line) => ('error' in line ? [line.shape] : [])),
        ['statfs', 'fstatfs', 'virtual-open', 'virtual-stat', 'mountinfo-open', 'mountinfo-read'],
      );
      t.end();
    });
  }

  await t.test('a way that does not do its job', async (t) => {
    const group = (way: Way): Group => ({
      name: 'test',
      driver: cDriver,
      shapes: shapes.filter(({ name }) => name === 'getppid' || name === 'statfs'),
      ways: [way],
      threads: 1,
      rounds: 1,
      ms: 2,
    });
    const ours = new Measurement(options, scratch);
    await t.rejects(ours.measure(group(idle)), /idle, statfs.*0x1021994 instead of 0xef53/);
    const peers = new Measurement(options, scratch);
    await peers.measure(group({ ...idle, kind: 'peer' }));
    t.match(peers.leftOut, [{ what: /statfs/, why: /0x1021994/ }], 'a peer is left out');
    t.ok(peers.series.every(({ shape }) => shape.name === 'getppid'));
  });
}

void t.test('npm run bench', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'bench-test-'));
  t.teardown(() => {
    rmSync(place, { recursive: true, force: true });
  });
  const file = path.join(place, 'result.json');
  const only = 'calls/here/(notify|trace|ptrace|strace)/(fstatfs|stat, virtual)$';
  const words = ['bench/run.mjs', 'main.js', '--quick', '--only', only, '--json', file];
  const [command, rest] = cleanCommand([process.execPath, ...words]);
  const ended = spawnSync(command, rest, { cwd: root, encoding: 'utf8' });
  t.equal(ended.status, 0, ended.stderr);
  const result = JSON.parse(readFileSync(file, 'utf8')) as Result;
  const has = (what: string): boolean => result.leftOut.some((one) => one.what.includes(what));
  for (const way of ['native', 'floor', 'notify', 'trace', 'ptrace', 'strace']) {
    if (has(`, ${way}`)) {
      t.comment(`left out: ${way}`);
      continue;
    }
    for (const row of ['fstatfs', 'stat, virtual']) {
      const found = result.rows.filter((one) => one.way === way && one.row === row);
      const spread = { median: Number, p10: Number, p90: Number, rounds: Number };
      t.match(found[0], { table: 'calls', place: 'here', unit: 'ns', value: spread, p99: spread });
      if (way === 'native') continue;
      t.match(found[0], { toNative: spread });
      if (way !== 'floor') t.match(found[0], { toFloor: spread });
    }
    t.ok(way in result.ways);
  }
  t.end();
});
