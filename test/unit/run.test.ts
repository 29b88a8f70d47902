// `npm test` says in one line what a machine lacks: without a C compiler it ends, without Go it leaves out what is
// written in Go, but not in CI.
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm test -- none`, where PATH has these programs only: it ends before anything is built. */
function npmTest(t: Test, programs: readonly string[], ci: string): Ended {
  const directory = t.testdir({});
  for (const name of programs) symlinkSync('/bin/true', path.join(directory, name));
  const set = [`PATH=${directory}`, `CI=${ci}`, 'CC=cc'];
  const [env, words] = cleanCommand([
    '/usr/bin/env',
    ...set,
    process.execPath,
    'test/run.mjs',
    'none',
  ]);
  return spawnSync(env, words, { cwd: root, encoding: 'utf8' });
}

for (const [name, others] of Object.entries({ cc: ['make', 'go'], make: ['cc', 'go'] }))
  await t.test(`without ${name}`, (t) => {
    const { status, stdout, stderr } = npmTest(t, others, '');
    t.equal(status, 1);
    t.equal(stdout, '');
    t.match(
      stderr,
      new RegExp(`^seccomp-spoof: ${name} is missing; .*Debian: apt install gcc.*\n$`),
    );
    t.end();
  });

await t.test('without Go', (t) => {
  const line = /^there is no Go here \(Debian: .*\): .* skipped\n/;
  t.match(npmTest(t, ['cc', 'make'], '').stdout, line);
  const { stdout, stderr } = npmTest(t, ['cc', 'make'], 'true');
  t.equal(stdout, '');
  t.match(stderr, /^seccomp-spoof: there is no Go here .*\n$/, 'in CI it fails at once');
  t.notMatch(npmTest(t, ['cc', 'make', 'go'], '').stdout, /Go/, 'where there is Go');
  t.end();
});

await t.test('the subjects in Go', (t) => {
  /** Whether they would be built, by these words to make. */
  const builds = (...words: readonly string[]): boolean => {
    const all = ['-n', '-C', 'test/subjects', `OUT=${t.testdirName}`, 'CC32=true', ...words];
    const [command, rest] = cleanCommand(['make', ...all]);
    const { status, stdout } = spawnSync(command, rest, { cwd: root, encoding: 'utf8' });
    t.equal(status, 0);
    return stdout.includes(' build -trimpath');
  };
  for (const target of ['go', 'i386']) {
    t.ok(builds(target, 'CI=', 'GO=true'), `${target}: where there is Go`);
    t.notOk(builds(target, 'CI=', 'GO=none'), `${target}: where there is none`);
    t.ok(builds(target, 'CI=true', 'GO=none'), `${target}: in CI, where it fails`);
  }
  t.end();
});
