import t from 'tap';

import { MAX_EXPANSION, parseGlob, parseWordGlob } from '../../src/policy/glob.js';

void t.test('globs for the matcher', (t) => {
  const good: [string, string[]][] = [
    ['/', ['/']],
    ['/**', ['/**']],
    ['/data/*/x?', ['/data/*/x?']],
    ['/a/**/b', ['/a/**/b']],
    ['/{a,b}', ['/a', '/b']],
    ['/{a,b}/{c,d}', ['/a/c', '/a/d', '/b/c', '/b/d']],
    ['/{a,b{c,d}}e', ['/ae', '/bce', '/bde']],
    ['/x{,y}', ['/x', '/xy']],
    ['/{a,a}', ['/a']],
    ['/a\\{b,c\\}', ['/a{b,c}']],
    ['/{a\\,b,c}', ['/a,b', '/c']],
    ['/\\[x\\]', ['/[x]']],
    ['/\\*\\?\\\\', ['/\\*\\?\\\\']],
    ['/a\\**', ['/a\\**']],
    ['/ä b', ['/ä b']],
  ];
  for (const [text, value] of good) t.same(parseGlob(text), { ok: true, value }, text);
  t.end();
});

void t.test('globs that could never match', (t) => {
  const bad: [string, string, string][] = [
    ['data', '"data": a path glob is absolute', 'write /data'],
    ['./data', '"./data": a path glob is absolute', 'write /data'],
    ['', '"": a path glob is absolute', 'write /**'],
    ['~/x', '"~/x": a path glob is absolute', 'write the directory in full: /home/NAME'],
    ['/a/', '"/a/": a trailing slash never matches', 'write /a, or /a/** for everything below'],
    [
      '/a//b',
      '"/a//b": empty, "." and ".." components never match a resolved path',
      'write /a/b, or /a/b/** for everything below',
    ],
    [
      '/a/..',
      '"/a/..": empty, "." and ".." components never match a resolved path',
      'write /, or /** for everything below',
    ],
    [
      '/{a,}/b',
      '"/{a,}/b": empty, "." and ".." components never match a resolved path',
      'write /b, or /b/** for everything below',
    ],
    [
      '/a**',
      '"/a**": ** stands alone between slashes',
      'write a*, or /**/ for any number of directories',
    ],
    ['/{a', '"/{a": a brace is not closed', 'write \\{ for a brace in a name'],
    ['/a}', '"/a}": a brace is closed but never opened', 'write \\} for it'],
    ['/{a}', '"/{a}": "{a}" has no comma', 'write {a,b}, or \\{ for a brace in a name'],
    ['/[ab]', '"/[ab]": [ ] is not known here', 'write {a,b}, or \\[ for a bracket'],
    ['/a\\', '"/a\\\\": a lone \\ ends the glob', 'write \\\\ for a backslash in a name'],
    ['/a\nb', '"/a\\nb": a glob has a control character', 'write ? for it'],
  ];
  for (const [text, message, suggestion] of bad) {
    t.same(parseGlob(text), { ok: false, message, suggestion }, text);
  }
  t.end();
});

void t.test('braces are bounded', (t) => {
  const full = parseGlob(`/${'{a,b}'.repeat(8)}`);
  t.equal(full.ok && full.value.length, MAX_EXPANSION);
  const over = parseGlob(`/${'{a,b}'.repeat(500)}`);
  t.match(over, {
    ok: false,
    message: /the braces stand for more than 256 globs$/,
    suggestion: 'use * or split the rule',
  });
  t.match(parseGlob(`/${'ä'.repeat(2048)}`), { ok: false, message: /longer than 4096 bytes$/ });
  t.match(parseGlob(`/${'{'.repeat(4000)}`), { ok: false, message: /a brace is not closed$/ });
  t.end();
});

void t.test('globs of a single word', (t) => {
  const good: [string, string[]][] = [
    ['systemd', ['systemd']],
    ['fuse.*', ['fuse.*']],
    ['{fuse,9p}?', ['fuse?', '9p?']],
    ['a\\*\\{', ['a\\*{']],
    ['**', ['**']],
    ['(sd-pam)', ['(sd-pam)']],
  ];
  for (const [text, value] of good) t.same(parseWordGlob(text), { ok: true, value }, text);
  const bad: [string, string, string][] = [
    ['', '"": a name is empty', 'write * for any'],
    ['{a,}', '"{a,}": a name is empty', 'write * for any'],
    ['/usr/bin/x', '"/usr/bin/x": a name has no slash', 'write x'],
    ['x/', '"x/": a name has no slash', 'write a name'],
    ['a b', '"a b": a name has no blank', 'write ? for it'],
    ['a\x01', '"a\\u0001": a glob has a control character', 'write ? for it'],
    ['{a', '"{a": a brace is not closed', 'write \\{ for a brace in a name'],
    ['x'.repeat(256), `"${'x'.repeat(60)}": a name is longer than 255 bytes`, 'use *'],
  ];
  for (const [text, message, suggestion] of bad) {
    t.same(parseWordGlob(text), { ok: false, message, suggestion }, text);
  }
  t.end();
});
