// A filesystem whose numbers are too large for the structure of a 32-bit caller: the kernel says
// EOVERFLOW, and writes nothing. A rule with smaller numbers is to be told all the same.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { cleanCommand } from '../support/environment.js';
import { seccompSpoof, testBuild } from '../support/paths.js';

const asker = path.join(testBuild, 'i386/fields');
const EOVERFLOW = 75;

const policy = `
apiVersion: seccomp-spoof/v1
name: small
statfs:
  - when: { type: tmpfs }
    answer: { type: ext4, blocks: 4711, bfree: 4000, bavail: 3000 }
`;

function cannot(): string | false {
  if (!existsSync(asker)) return 'no 32-bit C compiler (Debian: gcc-i686-linux-gnu)';
  const mounts = spawnSync('unshare', ['--mount', 'true']).status === 0;
  if (!mounts) return 'needs root, to mount a large tmpfs';
  return spawnSync(asker, { stdio: 'ignore' }).error !== undefined
    ? 'this kernel does not run 32-bit programs'
    : false;
}

const skip = cannot();

await t.test('EOVERFLOW of a 32-bit caller', { skip }, (test) => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'overflow-'));
  test.teardown(() => {
    rmSync(scratch, { recursive: true });
  });
  const file = path.join(scratch, 'policy.yaml');
  writeFileSync(file, policy);
  const large = path.join(scratch, 'large');
  mkdirSync(large);

  /** The first two lines of the asker: `.` by its path and by a descriptor. */
  const ask = (...before: string[]): string[] => {
    const inside = 'mount -t tmpfs -o size=32T tmpfs "$0" && cd "$0" && exec "$@"';
    const words = ['unshare', '--mount', 'sh', '-c', inside, large, ...before, asker];
    const [program, rest] = cleanCommand(words);
    const { stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
    test.equal(stderr, '');
    return stdout.split('\n').slice(0, 2);
  };

  const refused = `ret=-1 errno=${EOVERFLOW}`;
  test.same(ask(), [`. ${refused}`, `  its descriptor ${refused}`], 'native');
  for (const mechanism of ['notify', 'trace', 'ptrace']) {
    const lines = ask(seccompSpoof, 'exec', '--policy', file, '-m', mechanism, '--');
    for (const line of lines) test.match(line, /type=0xef53 .* blocks=4711 /, mechanism);
  }
  test.end();
});
