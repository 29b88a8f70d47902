// A Node that is too old says so before anything is loaded that it cannot run.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { environment, program, root, run } from './helpers.js';

/** A directory with a `node` that says it is of this version: all else is the Node that runs this. */
function pretend(directory: string, version: string): string {
  const hook = path.join(directory, 'hook.cjs');
  const versions = `{ ...process.versions, node: '${version}' }`;
  writeFileSync(hook, `Object.defineProperty(process, 'versions', { value: ${versions} });\n`);
  const node = path.join(directory, 'node');
  writeFileSync(node, `#!/bin/sh\nexec ${process.execPath} -r ${hook} "$@"\n`);
  chmodSync(node, 0o755);
  return directory;
}

for (const version of ['18.20.4', '19.9.0', '16.0.0', '8.17.0', '0.12.18']) {
  void t.test(`Node ${version}`, async (t) => {
    const directory = pretend(t.testdir({}), version);
    const env = { PATH: `${directory}:${environment['PATH'] ?? ''}` };
    for (const [line, status] of [
      ['exec --fstype tmpfs=ext4 echo ran', 125],
      ['exec --help', 125],
      ['doctor', 1],
      ['doctor --json', 1],
      ['version', 2],
      ['--help', 2],
      ['', 2],
    ] as const) {
      const words = line.split(' ').filter((word) => word !== '');
      const ended = await run(program, words, { env });
      t.match(ended, { status, stdout: '' }, line);
      t.match(ended.stderr, /^seccomp-spoof: Node\.js 20 or newer is needed, [^\n]+; [^\n]+\n$/);
      t.ok(ended.stderr.includes(` is ${version};`), line);
    }
    const load = `import(${JSON.stringify(path.join(root, 'dist/index.js'))}).then(
      () => console.log('loaded'),
      (error) => console.log(error.code, error.message))`;
    const library = await run('node', ['-e', load], { env });
    t.match(library.stdout, /^ESPOOF_INSTALL Node\.js 20 or newer is needed, /);
  });
}

for (const version of ['20.0.0', '22.1.0', '100.0.0']) {
  void t.test(`Node ${version} will do`, async (t) => {
    const directory = pretend(t.testdir({}), version);
    const env = { PATH: `${directory}:${environment['PATH'] ?? ''}` };
    t.match(await run(program, ['exec', 'echo', 'ran'], { env }), {
      ...{ status: 0, stdout: 'ran\n', stderr: '' },
    });
  });
}

void t.test('any Node can read the file that says so', (t) => {
  const text = readFileSync(path.join(root, 'dist/command/cli.js'), 'utf8');
  // What the Nodes of distributions from 2019 on cannot read, outside of texts.
  for (const [what, pattern] of [
    ['optional chaining', /[\w)\]]\?\.[a-z_$[(]/i],
    ['nullish coalescing', /[\w)\]]\?\?[\w("'`[{]/],
    ['private members', /\bthis\.#\w/],
    ['a catch without a name', /\bcatch\{/],
    ['big integers', /[^\w.]\d+n\b[^"'`]/],
  ] as const) {
    t.notMatch(text, pattern, what);
  }
  t.ok(text.indexOf('or newer is needed') < text.indexOf('require'), 'before anything is loaded');
  t.end();
});
