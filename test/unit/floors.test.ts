// The check that no include or import climbs, and that no files ask for each other in a circle.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import t, { type Test } from 'tap';

const script = fileURLToPath(new URL('../../src/build/floors.mjs', import.meta.url));

type Tree = Readonly<Record<string, Readonly<Record<string, string>> | string>>;

/** What is said about a tree, and the status. */
function check(t: Test, name: 'csrc' | 'src', tree: Tree) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, name], {
    cwd: t.testdir({ [name]: tree }),
    encoding: 'utf8',
  });
  return { status, said: stdout, stderr };
}

const clean = {
  'spoof.h': '',
  'library.c': '#include "compile/build.h"\n#include "spoof.h"\n',
  compile: { 'build.h': '', 'build.c': '#include "../policy/blob.h"\n#include "build.h"\n' },
  policy: { 'blob.h': '#include <stdint.h>\n#include "../spoof.h"\n' },
  tracee: { 'path.h': '', 'path.c': '#include "path.h"\n#include "../policy/blob.h"\n' },
  calls: { 'open.c': '#include "../tracee/path.h"\n#include "../arch/absent.h"\n' },
};

void t.test('nothing is said about a tower', (t) => {
  t.same(check(t, 'csrc', clean), { status: 0, said: '', stderr: '' });
  const src = {
    'errors.ts': "import { join } from 'node:path';\n",
    'cli.ts': "import { a } from './commands/a.js';\nawait import('./commands/b.js');\n",
    commands: { 'a.ts': "import type {\n  B,\n} from './b.js';\n", 'b.ts': '' },
  };
  t.same(check(t, 'src', src), { status: 0, said: '', stderr: '' });
  t.end();
});

void t.test('what climbs is named with its line', (t) => {
  const trees: readonly (readonly ['csrc' | 'src', Tree, string])[] = [
    [
      'csrc',
      {
        ...clean,
        arch: { 'numbers.h': '\n# include "../calls/open.h"\n' },
        calls: { 'open.h': '' },
      },
      'csrc/arch/numbers.h:2 includes csrc/calls/open.h, which is on a higher floor (calls above arch)\n',
    ],
    [
      'csrc',
      { ...clean, calls: { 'open.c': '#include "../compile/build.h"\n' } },
      'csrc/calls/open.c:1 includes csrc/compile/build.h, which is not below it (compile beside calls)\n',
    ],
    [
      'src',
      { run: { 'a.ts': '' }, native: { 'b.ts': "\nimport type {\n  A,\n} from '../run/a.js';\n" } },
      'src/native/b.ts:4 includes src/run/a.ts, which is on a higher floor (run above native)\n',
    ],
    ['src', { attic: { 'a.ts': '' } }, 'src/attic/a.ts is on no floor: give attic one\n'],
  ];
  for (const [name, tree, said] of trees) {
    t.same(check(t, name, tree), { status: 1, said, stderr: '' });
  }
  t.end();
});

void t.test('circles are shown from their first file back to it', (t) => {
  const trees: readonly (readonly ['csrc' | 'src', Tree, string])[] = [
    [
      'csrc',
      { policy: { 'a.h': '#include "b.h"\n', 'b.h': '#include "a.h"\n' } },
      'csrc/policy/a.h -> csrc/policy/b.h -> csrc/policy/a.h\n',
    ],
    [
      'csrc',
      {
        policy: {
          'a.c': '#include "a.h"\n#include "b.h"\n',
          'a.h': '',
          'b.c': '#include "a.h"\n#include "b.h"\n',
          'b.h': '',
        },
      },
      'csrc/policy/a.c -> csrc/policy/b.c -> csrc/policy/a.c\n',
    ],
    [
      'src',
      {
        run: {
          'a.ts': "export * from './b.js';\n",
          'b.ts': "const c = await import('./c.js');\n",
          'c.ts': "import type { A } from './a.js';\n",
        },
      },
      'src/run/a.ts -> src/run/b.ts -> src/run/c.ts -> src/run/a.ts\n',
    ],
  ];
  for (const [name, tree, said] of trees) {
    t.same(check(t, name, tree), { status: 1, said, stderr: '' });
  }
  t.end();
});
