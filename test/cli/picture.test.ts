// The picture of the README shows what programs say: drawn anew, it is the same.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';

const { stdout } = spawnSync('stat', ['-f', '-c', '%T', '/dev/shm'], { encoding: 'utf8' });
const skip = stdout.trim() !== 'tmpfs' && '/dev/shm is no tmpfs here';

await t.test('docs/before-and-after.svg', { skip }, (t) => {
  const again = path.join(t.testdir({}), 'again.svg');
  const [command, words] = cleanCommand([process.execPath, 'src/build/picture.mjs', again]);
  const ended = spawnSync(command, words, { cwd: root, encoding: 'utf8' });
  t.match(ended, { status: 0, stdout: '', stderr: '' });
  const committed = readFileSync(path.join(root, 'docs/before-and-after.svg'), 'utf8');
  t.equal(readFileSync(again, 'utf8'), committed, 'made by `npm run picture`');
  t.match(committed, />tmpfs<[^]*>ext4</, 'before and after');
  t.end();
});
