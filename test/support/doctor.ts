// What docs/lanes.md says that `doctor` begins with on each lane, compared with what it says there.
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import { root } from './paths.js';

const HOST = 'Host, root';
const NOT_THERE = '(no such line)';

const page = readFileSync(path.join(root, 'docs/lanes.md'), 'utf8');
const [, section = ''] = /^## What doctor says\n([^]*?)^## /m.exec(page) ?? [];
const lanes = new Map(
  [...section.matchAll(/^\*\*(.+)\*\*\n\n```text\n([^]*?)^```$/gm)].map(
    ([, lane = '', text = '']) => [lane, linesIn(text)] as const,
  ),
);

/** Each by what it begins with. How wide its columns are, and which versions it names, counts for nothing. */
function linesIn(text: string): ReadonlyMap<string, string> {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().replaceAll(/ {2,}/g, '  '))
    .map((line) =>
      line.startsWith('package') ? line.replaceAll(/\d+\.\d+\.\d+/g, 'VERSION') : line,
    )
    .map((line) => line.replace(/^(kernel {2}\d+\.\d+)\S*/, '$1.*'))
    .map((line) => line.replace(/(?:not )?proved on \w+ family \d+$/, 'proved on PROCESSOR'));
  return new Map(lines.map((line) => [line.split(/ {2}|: /)[0] ?? '', line]));
}

/** The page's lines for a lane: those of the host, but for those that it has of its own. */
function expected(lane: string): readonly string[] {
  const own = lanes.get(lane);
  if (own === undefined) throw new Error(`docs/lanes.md does not say what doctor says: ${lane}`);
  return [...new Map([...(lanes.get(HOST) ?? []), ...own]).values()].filter(
    (line) => !line.endsWith(NOT_THERE),
  );
}

/** `doctor`: what it has said on a lane, with whatever else. */
export function saysAsOnThePage(t: Test, lane: string, doctor: string): void {
  const [first = ''] = /^machine\n[^]*?^mechanism: [^]*?(?=^$|^policy )/m.exec(doctor) ?? [];
  t.strictSame([...linesIn(first).values()], expected(lane), `docs/lanes.md: ${lane}`);
}

/** Whether the page is about this kernel, or why it is not. */
export function isOfThisKernel(): string | false {
  const kernel = lanes.get(HOST)?.get('kernel') ?? '';
  const yama = existsSync('/proc/sys/kernel/yama') ? 'with Yama' : 'without Yama';
  const [series = ''] = /^\d+\.\d+/.exec(release()) ?? [];
  if (kernel.startsWith(`kernel  ${series}.*`) && yama === 'without Yama') return false;
  return `docs/lanes.md has what doctor says on another kernel than ${series} ${yama}`;
}
