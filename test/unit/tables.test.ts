// The check that no line of a table is wider than a page.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import t from 'tap';

const script = fileURLToPath(new URL('../../src/build/tables.mjs', import.meta.url));

const row = (length: number): string => `| ${'é'.repeat(length - 4)} |`;

void t.test('lines of tables, and nothing else', (t) => {
  const pages = {
    'READ.md': `\n${row(160)}\n${row(161)}\n`,
    docs: {
      'prose.md': `${'a'.repeat(200)}\n`,
      'code.md': `\`\`\`\`sh\n${row(200)}\n\`\`\`\n${row(200)}\n\`\`\`\`\n~~~\n${row(200)}\n~~~\n${row(170)}\n`,
      'notes.txt': `${row(200)}\n`,
      deep: { 'quoted.md': `> ${row(180)}\n\n- a\n\n  ${row(180)}\n` },
    },
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'READ.md', 'docs'], {
    cwd: t.testdir(pages),
    encoding: 'utf8',
  });
  t.same(stdout.trimEnd().split('\n'), [
    'READ.md:3 is a line of a table with 161 characters (at most 160)',
    'docs/code.md:9 is a line of a table with 170 characters (at most 160)',
    'docs/deep/quoted.md:1 is a line of a table with 182 characters (at most 160)',
    'docs/deep/quoted.md:5 is a line of a table with 182 characters (at most 160)',
  ]);
  t.same([status, stderr], [1, '']);
  t.end();
});

void t.test('a short table is not spoken of', (t) => {
  const cwd = t.testdir({ 'a.md': `${row(160)}\n` });
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'a.md'], {
    cwd,
    encoding: 'utf8',
  });
  t.same([status, stdout, stderr], [0, '', '']);
  t.end();
});
