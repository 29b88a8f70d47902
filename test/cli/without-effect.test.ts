// Rules that cannot hold on this machine are told, with what to write instead; others are not.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';

import { cli } from './helpers.js';

interface Place {
  readonly directory: string;
  readonly policy: (...sections: readonly string[]) => string;
}

function place(test: Test): Place {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'effect-')));
  test.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  mkdirSync(`${directory}/real`);
  writeFileSync(`${directory}/real/file`, 'real\n');
  symlinkSync('real', `${directory}/way`);
  symlinkSync('real/file', `${directory}/alias`);
  symlinkSync('real/none', `${directory}/dangling`);
  const file = `${directory}/policy.yaml`;
  return {
    directory,
    policy: (...sections) => {
      writeFileSync(file, ['apiVersion: seccomp-spoof/v1', 'name: p', ...sections, ''].join('\n'));
      return file;
    },
  };
}

const link = (written: string, meant: string) => ({ written, meant });

for (const { written, meant } of [
  link('alias', 'real/file'),
  link('way/file', 'real/file'),
  link('way/new', 'real/new'),
  link('dangling', 'real/none'),
  link('way/*', 'real/*'),
]) {
  void t.test(`a rule for ${written}`, async (t) => {
    const { directory, policy } = place(t);
    const file = policy('files:', `  - path: ${directory}/${written}`, '    content: "told"');
    const advice = `write ${directory}/${meant}`;
    const check = await cli(['policy', 'check', file]);
    t.equal(check.status, 0);
    t.ok(check.stdout.includes(advice), check.stdout);
    const env = { XDG_CACHE_HOME: directory };
    for (const time of ['compiled', 'from the cache']) {
      const { status, stderr } = await cli(['exec', '-p', file, 'true'], { env });
      t.equal(status, 0);
      t.equal(stderr.trimEnd().split('\n').length, 1, time);
      t.ok(stderr.includes(advice), stderr);
    }
    t.equal((await cli(['exec', '-q', '-p', file, 'true'])).stderr, '');
    const asked = `${directory}/${written.replace('*', 'file')}`;
    const explain = await cli(['explain', '-p', file, asked]);
    t.ok(explain.stdout.includes(advice), explain.stdout);
  });
}

void t.test('rules that can hold are not told', async (t) => {
  const { directory, policy } = place(t);
  const file = policy(
    'files:',
    `  - path: [${directory}/alias, ${directory}/real/file]`,
    '    content: "told"',
    `  - path: ${directory}/real/new`,
    '    content: "told"',
    'statfs:',
    '  - when: { type: tmpfs, path: /dev/shm/** }',
    '    answer: { type: ext4 }',
  );
  t.equal((await cli(['exec', '-p', file, 'true'])).stderr, '');
  t.equal((await cli(['policy', 'check', file])).stdout, `${file}: ok\n`);
});

void t.test('a path on memory without a type', async (t) => {
  const { policy } = place(t);
  const file = policy('statfs:', '  - when: { path: /proc/sys/** }', '    answer: { type: ext4 }');
  const { stderr } = await cli(['exec', '-p', file, 'true']);
  t.match(stderr, /write when: \{ type: proc, path: "\/proc\/sys\/\*\*" \}/);
});

void t.test('a policy without rules', async (t) => {
  const { policy } = place(t);
  const file = policy();
  t.match((await cli(['exec', '-p', file, 'true'])).stderr, /^[^\n]*has no rules[^\n]*\n$/);
  t.match((await cli(['policy', 'check', file])).stdout, /: ok\n.*has no rules/);
});
