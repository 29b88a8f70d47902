// The border to libseccomp_spoof.so: values go over it and come back unchanged.
import { closeSync, fstatSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import t from 'tap';

import { InstallError, NativeError } from '../../src/errors.js';
import { becomeProgram, memfd } from '../../src/native/handover.js';
import { abiVersion, KOFFI_VERSION } from '../../src/native/library.js';
import { libraryPath, supervisorPath } from '../../src/native/paths.js';
import {
  checkBlob,
  matchStatfs,
  PolicyBuilder,
  ruleName,
  StatfsField,
} from '../../src/native/policy.js';
import { fallbacks, newSegment, readCounters, ruleHits } from '../../src/native/statistics.js';

const EXT4 = 0xef53n;
const P9 = 0x01021997n;
const HIGHEST = (1n << 64n) - 1n;

function samplePolicy(): Uint8Array {
  return new PolicyBuilder()
    .statfs('by type')
    .whenType(P9)
    .answer(StatfsField.type, EXT4)
    .answer(StatfsField.blocks, HIGHEST)
    .statfs('über Pfad')
    .whenType(0xff534d42n)
    .whenPath('/data/**')
    .exceptPath('/data/own/*')
    .answer(StatfsField.namelen, 143n)
    .finish();
}

void t.test('koffi is of the version that its binary is asked for by', (t) => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  t.equal(dependencies['koffi'], KOFFI_VERSION);
  t.end();
});

void t.test('a policy is built and matched', (t) => {
  const blob = samplePolicy();
  t.equal(abiVersion(), 4);
  t.equal(checkBlob(blob), undefined);
  t.same(matchStatfs(blob, P9, null), {
    rule: 0,
    name: 'by type',
    answer: new Map([
      [StatfsField.type, EXT4],
      [StatfsField.blocks, HIGHEST],
    ]),
  });
  t.match(matchStatfs(blob, 0xff534d42n, '/data/a/b'), { rule: 1, name: 'über Pfad' });
  t.equal(matchStatfs(blob, 0xff534d42n, '/data/own/b'), undefined, 'an exception');
  t.equal(matchStatfs(blob, EXT4, '/data/a'), undefined, 'another type');
  t.equal(ruleName(blob, 1), 'über Pfad');
  t.equal(ruleName(blob, 2), undefined);
  t.end();
});

void t.test('a blob that is none is refused', (t) => {
  t.match(checkBlob(Buffer.from('no policy')), /./);
  t.match(checkBlob(samplePolicy().subarray(0, 64)), /./);
  t.throws(() => matchStatfs(Buffer.alloc(100), P9, null), NativeError);
  t.end();
});

void t.test('what the library refuses is an error with errno', (t) => {
  const builder = new PolicyBuilder().statfs('rule');
  t.throws(() => builder.whenPath('relative'), { errno: 22, message: /"relative": EINVAL/ });
  t.throws(() => builder.statfs(''), { message: /EINVAL/ });
  t.throws(() => builder.statfs('n'.repeat(201)), { message: /EINVAL/ });
  t.throws(() => builder.whenPath('/a\0b'), { errno: 22, message: /NUL/ });
  t.throws(() => builder.whenType(-1n), { message: /64 bits/ });
  builder.whenType(P9).answer(StatfsField.type, EXT4).finish();
  t.throws(() => builder.whenType(P9), { message: /finish/ }, 'a finished builder is closed');
  t.end();
});

void t.test('a sealed memory file keeps its bytes', (t) => {
  const bytes = Uint8Array.of(0, 1, 255, 0);
  const fd = memfd('a name', bytes, true);
  const path = `/proc/self/fd/${fd}`;
  t.equal(readlinkSync(path), '/memfd:a name (deleted)');
  t.same([...readFileSync(path)], [...bytes]);
  t.throws(() => writeSync(fd, 'x', 0), { code: 'EPERM' });
  closeSync(fd);

  const open = memfd('open', bytes, false);
  t.equal(writeSync(open, 'xy', bytes.length), 2);
  t.equal(fstatSync(open).size, 6);
  closeSync(open);
  t.end();
});

void t.test('a new segment counts nothing', (t) => {
  const fd = newSegment();
  t.same(Object.values(readCounters(fd)), Array<number>(9).fill(0));
  t.same(ruleHits(fd, samplePolicy()), [
    { rule: 'by type', hits: 0 },
    { rule: 'über Pfad', hits: 0 },
  ]);
  const reasons = fallbacks(fd);
  t.ok(reasons.length > 1);
  t.ok(reasons.every(({ reason, count }) => reason !== '' && count === 0));
  closeSync(fd);

  const other = memfd('other', Buffer.alloc(1 << 20), false);
  t.throws(() => readCounters(other), { message: /EINVAL/ });
  closeSync(other);
  t.throws(() => readCounters(other), NativeError, 'a closed descriptor');
  t.end();
});

void t.test('a program that cannot be run leaves this one as it was', (t) => {
  t.throws(() => becomeProgram('/nonexistent', ['x'], [], []), { errno: 2, message: /ENOENT/ });
  t.throws(() => becomeProgram('/bin/true', ['x', ''], [], []), { message: /empty string/ });
  t.end();
});

void t.test('missing native files are named', (t) => {
  process.env['SECCOMP_SPOOF_NATIVE_DIR'] = '/nonexistent';
  t.teardown(() => {
    delete process.env['SECCOMP_SPOOF_NATIVE_DIR'];
  });
  for (const find of [libraryPath, supervisorPath]) {
    t.throws(find, InstallError);
    t.throws(find, { path: /^\/nonexistent\//, message: /\/nonexistent\/.*; .*npm run build/ });
  }
  t.end();
});
