// Files of rules are opened with the flags that are asked for, and nothing is emptied by an open that
// fails for want of a descriptor.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { compile, mechanisms, place, run } from './helpers.js';

const program = compile('flags');

for (const mechanism of mechanisms)
  void t.test(mechanism, (t) => {
    const { directory, policy } = place(t, 'files', [
      '{ path: DIR/kept, content: "same\\n", writes: keep, mode: "0666" }',
      '{ path: DIR/redirected, redirect: DIR/target }',
    ]);
    const at = (name: string) => path.join(directory, name);
    const files = [at('kept'), at('redirected')];
    const write = () => {
      for (const file of [...files, at('target')]) writeFileSync(file, 'same\n');
    };
    write();
    const native = run([program, ...files]).stdout;
    write();
    const { stdout } = run(
      [seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--', program].concat(files),
    );
    t.equal(stdout, native);
    t.match(native, /^redirected, full: EMFILE\nredirected holds: same$/m);
    t.match(native, /^redirected holds: $/m);
    t.end();
  });
