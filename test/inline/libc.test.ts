// The C libraries of other Debian releases make their calls in other ways: what they open is not stopped
// either, and a mount table among it is.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Unavailable } from '../lanes/programs.js';
import { debianRoot } from '../package/roots.js';
import { cleanCommand } from '../support/environment.js';
import { seccompSpoof } from '../support/paths.js';

const FILES = 300;
const FEW = 40;

const directory = mkdtempSync('/dev/shm/seccomp-spoof-');
t.teardown(() => {
  rmSync(directory, { recursive: true, force: true });
});
const file = path.join(directory, 'file');
writeFileSync(file, 'as it is\n');

/** What the release's `cat` says, below its own loader and libraries, of files and a mount table among them. */
function cat(tree: string): {
  readonly said: readonly string[];
  readonly stopped: number;
  readonly status: number | null;
} {
  const within = (name: string): string => path.join(tree, name);
  const libraries = ['lib', 'usr/lib'].map((name) => within(`${name}/x86_64-linux-gnu`)).join(':');
  const loader = path.resolve('/usr/lib64', readlinkSync(within('lib64/ld-linux-x86-64.so.2')));
  const program = [within(loader), ...['--library-path', libraries, within('usr/bin/cat')]];
  const many = Array.from({ length: FILES }, () => file);
  const options = ['-m', 'notify', '--inline', 'always', '--fstype', 'tmpfs=9p'];
  const stats = ['--stats', '--stats-format', 'json'];
  const line = [
    ...[seccompSpoof, 'exec', ...options, ...stats, '--'],
    ...[...program, ...many, '/proc/self/mounts', ...many],
  ];
  const [command, words] = cleanCommand(line, { LC_ALL: 'C' });
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  const { stopped } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as { stopped: number };
  return { said: stdout.trimEnd().split('\n'), stopped, status };
}

const skip = process.arch === 'x64' ? false : 'only x86_64 has it';
for (const suite of ['bullseye', 'bookworm', 'trixie'] as const)
  await t.test(suite, { skip }, (t) => {
    let tree: string | undefined;
    try {
      tree = debianRoot(suite, 'x64');
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      t.pass('a root of that release', { skip: error.message });
    }
    if (tree !== undefined) {
      const { said, stopped, status } = cat(tree);
      t.equal(status, 0);
      t.same([...said.slice(0, FILES), ...said.slice(-FILES)], Array(2 * FILES).fill('as it is'));
      const mounts = said.slice(FILES, -FILES);
      t.ok(
        mounts.some((line) => line.includes(' /dev/shm 9p ')),
        'the table is told',
      );
      t.ok(stopped < FEW, `${stopped} calls were stopped`);
    }
    t.end();
  });
