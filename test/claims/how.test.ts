// A structure of openat2(2) that is longer than it was when the call came is the same open.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { compile, mechanisms, place, run } from './helpers.js';

const program = compile('how');

for (const mechanism of mechanisms)
  void t.test(mechanism, (t) => {
    const { directory, policy } = place(t, 'files', ['{ path: DIR/named, content: "told\\n" }']);
    const file = path.join(directory, 'named');
    writeFileSync(file, 'real\n');
    const native = run([program, file]).stdout;
    const { stdout } = run([
      seccompSpoof,
      'exec',
      '-m',
      mechanism,
      '-p',
      policy,
      '--',
      program,
      file,
    ]);
    t.equal(stdout, native.replaceAll(': real', ': told').replaceAll(': written', ': EACCES'));
    t.match(stdout, /^write, 100 bytes: (EACCES|ENOSYS)$/m);
    t.equal(readFileSync(file, 'utf8'), 'real\n');
    t.end();
  });
