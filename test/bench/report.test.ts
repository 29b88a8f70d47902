// The report: what is committed is what the generator makes of the committed result.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  filesOf,
  nameOf,
  readmeWith,
  recordedResults,
  writeReport,
  isForReadme,
} from '../../bench/report/files.js';
import { joinResults } from '../../bench/report/join.js';
import { escape, table } from '../../bench/report/markdown.js';
import { ratio, short, withUnit } from '../../bench/report/numbers.js';
import { readmeBlock, replaceBlock, RESULTS } from '../../bench/report/readme.js';
import type { Row } from '../../bench/model.js';
import { root } from '../support/paths.js';
import { around, makeResult, makeRow, whole } from './made-up.js';

await t.test('words and numbers', (t) => {
  t.equal(
    escape('find | xargs <b> *a_b* `x`\n& y'),
    'find \\| xargs &lt;b> \\*a\\_b\\* \\`x\\` &amp; y',
  );
  t.equal(table(['a', 'b'], [['c', '1']]), '| a | b |\n| --- | --: |\n| c | 1 |');
  t.same([0.12345, 1.005, 22.22, 12_345, NaN].map(short), ['0.123', '1', '22.2', '12,300', '–']);
  t.equal(ratio(9.84), '9.84×');
  t.same(
    [withUnit(9876, 'ns'), withUnit(98_765, 'ns'), withUnit(3072, 'kB'), withUnit(12, 'count')],
    ['9,880 ns', '98.8 µs', '3,070 kB', '12'],
  );
  t.end();
});

await t.test('names of results', (t) => {
  t.equal(nameOf(whole), '2026-11-25-linux-6.18-epyc');
  const machine = { ...whole.machine, cpu: 'Some CPU/3 @ 2 GHz', kernel: '5.10.0-1' };
  const odd = makeResult([], { machine, quick: true });
  t.equal(nameOf(odd), '2026-11-25-linux-5.10-some-cpu-3-2-ghz-quick');
  t.end();
});

await t.test('several results of one machine become one', (t) => {
  const calls = makeResult([makeRow({})], { version: 'v1', ways: { strace: { version: '6' } } });
  const programs = makeResult([makeRow({ table: 'programs', row: 'tar' })], {
    ...{ version: 'v2', date: '2026-11-26T10:00:00.000Z', ways: { proot: { version: '5' } } },
    leftOut: [...calls.leftOut, { what: 'tmux', why: 'it is not installed' }],
  });
  const joined = joinResults([calls, programs]);
  t.same(joined, {
    ...programs,
    version: 'v1, v2',
    ways: { strace: { version: '6' }, proot: { version: '5' } },
    rows: [...calls.rows, ...programs.rows],
  });
  t.throws(() => joinResults([calls, calls]), /two of the results have the row calls\/statfs/);
  const other = { ...programs, machine: { ...programs.machine, kernel: '6.1.0' } };
  t.throws(() => joinResults([calls, other]), /different machines/);
  t.throws(() => joinResults([]), /no result/);
  t.end();
});

await t.test('counted calls: a line for each call and way', (t) => {
  const count = (row: string, way: string, median: number): Row =>
    makeRow({ table: 'profile', row, way, unit: 'count', value: { ...around(median), median } });
  const rows = [
    ...[count('statfs: all', 'notify', 4.25), count('statfs: poll', 'notify', 1)],
    ...[count('statfs: ioctl', 'notify', 3), count('statfs: wait4', 'notify', 0.25)],
    count('statfs: all', 'floor', 3),
  ];
  const text = filesOf({ name: 'made-up', result: makeResult(rows) })['made-up.md'] ?? '';
  t.match(text, '| statfs | floor | 3 |  |\n');
  t.match(text, '| statfs | notify | 4.25 | 3 ioctl, 1 poll, 0.25 wait4 |\n');
  t.end();
});

await t.test('a report of a made-up result', (t) => {
  const files = filesOf({ name: 'made-up', result: whole });
  t.same(
    Object.keys(files).sort(),
    ['.md', '-calls.svg', '-growth.svg', '-programs-gvisor.svg', '-programs.svg', '-summary.svg']
      .map((end) => `made-up${end}`)
      .sort(),
  );
  const text = files['made-up.md'] ?? '';
  t.match(text, '| open, virtual | 1.1× | 5× | 6× | 12× | 15× | 30× | 20× |');
  t.match(text, '| find \\| xargs cat | trace | 1,000 ms (900–1,100) | 2× (1.8–2.2) |');
  t.match(text, '| syd | it is not &lt;installed> |');
  t.match(text, 'prints the same calls \\| and changes none');
  t.match(
    text,
    /trace: at least 2 times faster than ptrace.* \| \*\*not met\*\* \(4 of 4\) \| 0\.667/,
  );
  for (const [name, svg] of Object.entries(files).filter(([name]) => name.endsWith('.svg'))) {
    t.ok(text.includes(`](${name})`), `${name} is shown`);
    t.match(svg, /^<svg [^]*<\/svg>\n$/);
    t.notMatch(
      svg,
      /NaN|Infinity|undefined|<style|<script|href=|url\((?!#)/,
      `${name} needs nothing else`,
    );
  }
  t.same(filesOf({ name: 'made-up', result: whole }), files, 'the same again');
  t.end();
});

await t.test('a report of next to nothing', (t) => {
  t.same(Object.keys(filesOf({ name: 'x', result: makeResult([]) })), ['x.md']);
  t.match(filesOf({ name: 'x', result: makeResult([makeRow({})]) })['x.md'], '## Calls');
  const place = mkdtempSync(join(tmpdir(), 'seccomp-spoof-report-'));
  t.teardown(() => {
    rmSync(place, { recursive: true });
  });
  const written = writeReport(place, { name: 'x', result: whole });
  t.ok(written.every((file) => existsSync(file)));
  t.end();
});

await t.test('the block of the README', (t) => {
  const old = 'a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n';
  t.equal(replaceBlock(old, 'new'), 'a\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nb\n');
  t.equal(replaceBlock(replaceBlock(old, 'x'), 'new'), replaceBlock(old, 'new'));
  t.throws(() => replaceBlock('no markers', 'new'), /the README has no/);
  const block = readmeBlock({ name: 'made-up', result: whole }, ['summary']);
  t.match(block, `](${RESULTS}/made-up-summary.svg)`);
  t.match(block, '| statfs | 5× | 6× | 12× | 15× | 30× | 20× |');
  t.notMatch(readmeBlock({ name: 'made-up', result: whole }, []), '.svg');
  t.end();
});

await t.test('what is committed', (t) => {
  const recorded = recordedResults();
  for (const one of recorded)
    for (const [name, text] of Object.entries(filesOf(one)))
      t.ok(
        existsSync(join(root, RESULTS, name)) &&
          readFileSync(join(root, RESULTS, name), 'utf8') === text,
        `${name} is what \`npm run bench -- --report-of ${RESULTS}/${one.name}.json\` makes`,
      );
  const newest = recorded.find(({ result }) => isForReadme(result));
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const file = newest === undefined ? 'FILE' : `${RESULTS}/${newest.name}.json`;
  t.ok(readmeWith(readme, newest) === readme, `as \`npm run bench -- --readme ${file}\` makes it`);
  t.end();
});
