/**
 * Part of `npm run lint`, given Markdown files and folders of them: no line of a table is longer than
 * a reader's window. Says each longer one on a line and ends with 1, or says nothing.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MOST = 160;

const FENCE = /^\s*(`{3,}|~{3,})/;
const TABLE = /^[\s>]*\|/;

function pagesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => join(path, name));
}

/** What is too long on a page; what stands between fences is no table. */
function faultsOf(page) {
  let fence;
  return readFileSync(page, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const [, mark] = FENCE.exec(line) ?? [];
      if (fence === undefined) fence = mark;
      else if (mark?.startsWith(fence)) fence = undefined;
      const length = [...line].length;
      const isFault = fence === undefined && TABLE.test(line) && length > MOST;
      return isFault
        ? [`${page}:${index + 1} is a line of a table with ${length} characters (at most ${MOST})`]
        : [];
    });
}

const faults = process.argv.slice(2).flatMap(pagesIn).flatMap(faultsOf);
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
