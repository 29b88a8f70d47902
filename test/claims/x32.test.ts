// Programs of x32 are told nothing, but write to no file that a rule names; whether this kernel runs
// their calls or not.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { compile, mechanisms, place, run } from './helpers.js';

const program = compile('x32');
const LINES = 8;

for (const mechanism of mechanisms)
  void t.test(mechanism, { skip: process.arch === 'x64' ? false : 'no x32 here' }, (t) => {
    const { directory, policy } = place(t, 'files', [
      '{ path: DIR/named, content: "told\\n", writes: keep, mode: "0666" }',
    ]);
    const files = ['named', 'other'].map((name) => path.join(directory, name));
    const write = () => {
      for (const file of files) writeFileSync(file, 'real\n');
    };
    const ask = (...words: string[]) =>
      run(['sh', '-c', 'cd "$1" && shift && "$@"', '-', directory, ...words, program, ...files]);
    write();
    const native = ask().stdout.split('\n');
    write();
    const { stdout, stderr } = ask(
      seccompSpoof,
      'exec',
      '--stats',
      '-m',
      mechanism,
      '-p',
      policy,
      '--',
    );
    const told = stdout.split('\n');
    const closed = native.slice(2, LINES).map((line) => line.replace(/: \w+$/, ': EIO'));
    t.equal(closed.length, 6);
    t.same(told, [...native.slice(0, 2), ...closed, ...native.slice(LINES)]);
    t.equal(readFileSync(String(files[0]), 'utf8'), 'real\n');
    t.match(stderr, /call of x32/);
    t.end();
  });
