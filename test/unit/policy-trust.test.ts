// Who could have written a file: root does not use what others could have put there.
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  lchownSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';

import { DistrustError, openTrusted } from '../../src/policy/trust.js';

const NOBODY = 65534;
const ROOT = 0;
const options = {
  skip: process.geteuid?.() === ROOT ? false : 'only root can give files away',
};

/** What is said of a path; undefined: it is trusted, and what is opened is what lies there. */
function distrust(file: string, user = ROOT): string | undefined {
  try {
    const fd = openTrusted(file, user);
    const [held, there] = [fstatSync(fd), statSync(file)];
    closeSync(fd);
    return held.ino === there.ino && held.dev === there.dev ? undefined : 'another file';
  } catch (error) {
    return error instanceof DistrustError ? error.message : String(error);
  }
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

void t.test('the file, and each directory above it', options, (t) => {
  const root = t.testdir({ a: { b: { file: '' } } });
  const file = path.join(root, 'a/b/file');
  const before = openFiles();
  t.equal(distrust(file), undefined);
  for (const part of ['a', 'a/b', 'a/b/file'].map((name) => path.join(root, name))) {
    for (const mode of [0o775, 0o757, 0o777]) {
      chmodSync(part, mode);
      t.equal(distrust(file), `${part} can be written by others (mode 0${mode.toString(8)})`);
    }
    chmodSync(part, 0o755);
    chownSync(part, NOBODY, 0);
    t.equal(distrust(file), `${part} belongs to user ${NOBODY}`);
    t.equal(distrust(file, NOBODY), undefined, 'but that one himself may use it');
    chownSync(part, ROOT, NOBODY);
    t.equal(distrust(file), undefined, 'a group that cannot write does not count');
    chownSync(part, ROOT, 0);
  }
  t.match(distrust(path.join(root, 'a/none')), /ENOENT/);
  t.match(distrust(path.join(file, 'below')), /ENOTDIR/);
  t.match(distrust(`${file}/`), /ENOTDIR/);
  t.equal(openFiles(), before, 'no descriptor is left');
  t.end();
});

void t.test('a relative path has directories above it, too', options, (t) => {
  const root = t.testdir({ a: { b: { file: '' } } });
  const here = process.cwd();
  t.teardown(() => {
    process.chdir(here);
  });
  process.chdir(path.join(root, 'a/b'));
  for (const file of ['file', './file', '../b/file', '../../a/b/./file']) {
    t.equal(distrust(file), undefined, file);
    chmodSync(path.join(root, 'a'), 0o777);
    t.match(distrust(file), /\/a can be written by others/, file);
    chmodSync(path.join(root, 'a'), 0o755);
  }
  t.end();
});

void t.test('where the sticky bit is, files are those of their owners', options, (t) => {
  const root = t.testdir({ shared: { own: { file: '' }, file: '', theirs: '' } });
  const shared = path.join(root, 'shared');
  chmodSync(shared, 0o1777);
  t.equal(distrust(path.join(shared, 'file')), undefined);
  t.equal(distrust(path.join(shared, 'own/file')), undefined);
  chownSync(path.join(shared, 'theirs'), NOBODY, NOBODY);
  t.match(distrust(path.join(shared, 'theirs')), /belongs to user/);
  symlinkSync(path.join(shared, 'file'), path.join(shared, 'link'));
  t.equal(distrust(path.join(shared, 'link')), undefined);
  lchownSync(path.join(shared, 'link'), NOBODY, NOBODY);
  t.match(distrust(path.join(shared, 'link')), /\/link belongs to user/, 'nor are links');
  t.end();
});

void t.test('links count where they lie, and where they lead', options, (t) => {
  const root = t.testdir({ good: { file: '', deep: {} }, bad: {}, 'good-link': {} });
  const good = path.join(root, 'good/file');
  const bad = path.join(root, 'bad');
  rmSync(path.join(root, 'good-link'), { recursive: true });
  symlinkSync('good', path.join(root, 'good-link'));
  symlinkSync('../good-link/../good/deep/../file', path.join(bad, 'link'));
  symlinkSync(bad, path.join(root, 'absolute'));
  symlinkSync('loop', path.join(root, 'loop'));
  t.equal(distrust(path.join(root, 'good-link/file')), undefined);
  t.equal(distrust(path.join(root, 'absolute/link')), undefined);
  chmodSync(bad, 0o777);
  t.match(distrust(path.join(bad, 'link')), /\/bad can be written/, 'somebody may turn the link');
  t.match(distrust(path.join(root, 'absolute/link')), /\/bad can be written/);
  t.equal(distrust(path.join(root, 'good-link/file')), undefined);
  t.equal(distrust(good), undefined);
  t.match(distrust(path.join(root, 'loop')), /too many links/);
  t.end();
});

void t.test('descriptors of this process lead to files, not to paths', options, (t) => {
  const root = t.testdir({ a: { file: '' } });
  const file = openSync(path.join(root, 'a/file'), 'r');
  const directory = openSync(path.join(root, 'a'), 'r');
  t.equal(distrust(`/dev/fd/${file}`), undefined);
  t.equal(distrust(`/proc/self/fd/${directory}/file`), undefined);
  t.equal(distrust(`/proc/thread-self/fd/${directory}/../a/file`), undefined);
  chmodSync(root, 0o777);
  t.equal(distrust(`/dev/fd/${file}`), undefined, 'who opened it has chosen it');
  t.match(distrust(`/proc/self/fd/${directory}/file`), /can be written/);
  chmodSync(root, 0o755);
  chownSync(path.join(root, 'a/file'), NOBODY, NOBODY);
  t.match(distrust(`/dev/fd/${file}`), /belongs to user/);
  closeSync(file);
  closeSync(directory);
  t.end();
});
