// The oracle has to notice: a suite that cannot fail proves nothing.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { magics } from '../lanes/lane.js';
import { runConformance } from '../support/conformance.js';
import { type Outcome, judge } from './oracle.js';

const pair = {
  from: 'tmpfs',
  fromMagic: magics.tmpfs,
  to: 'ext4',
  toMagic: magics.ext4,
  directory: '/',
};
const native: Outcome = {
  status: 'exit 0',
  out: 'a ret=0 type=0x1021994 namelen=255\nb ret=-1 errno=2\nnote 1\n',
  err: '',
};
const right: Outcome = { ...native, out: native.out.replace('0x1021994', '0xef53') };

function verdict(before: Partial<Outcome>, after: Partial<Outcome>, shows = true): string {
  return judge({ ...native, ...before }, { ...right, ...after }, pair, shows).status;
}

await t.test('what passes', (t) => {
  t.equal(verdict({}, {}), 'pass', 'the substitution and nothing else');
  t.equal(verdict({}, { out: right.out.replace('note 1', 'note 2') }), 'pass', 'notes may differ');
  const other = native.out.replace('0x1021994', '0x9fa0');
  t.equal(verdict({ out: other }, { out: other }, false), 'pass', 'nothing to substitute');
  t.end();
});

await t.test('what fails', (t) => {
  t.equal(verdict({}, { out: native.out }), 'fail', 'no substitution');
  t.equal(verdict({}, { out: right.out.replace('errno=2', 'errno=13') }), 'fail', 'another errno');
  t.equal(verdict({}, { out: right.out.replace('namelen=255', 'namelen=0') }), 'fail', 'a field');
  t.equal(verdict({}, { out: right.out.replace(/b.*\n/, '') }), 'fail', 'a line that is missing');
  t.equal(verdict({}, { out: `${right.out}c\n` }), 'fail', 'a line too many');
  t.equal(verdict({}, { status: 'exit 1' }), 'fail', 'another exit status');
  t.equal(verdict({}, { status: 'timeout' }), 'fail', 'no end');
  t.equal(verdict({}, { err: 'x' }), 'fail', 'a word on standard error');
  t.equal(verdict({ status: 'exit 99' }, { status: 'exit 99' }), 'fail', 'a broken subject');
  const longer = native.out.replace('0x1021994', '0x10219941');
  t.equal(verdict({ out: longer }, {}), 'fail', 'a type that only begins like it');
  const other = native.out.replace('0x1021994', '0x9fa0');
  t.equal(verdict({ out: other }, { out: other }), 'fail', 'nothing was proved');
  const cannot = { status: 'exit 77', out: 'not applicable: no autofs\n' };
  t.equal(verdict(cannot, cannot), 'not-applicable');
  t.equal(verdict({}, cannot), 'fail', 'what works natively has to work');
  t.end();
});

await t.test('a program that changes nothing is found out', async (t) => {
  const exec = path.join(t.testdir(), 'pass-through');
  const script = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n';
  writeFileSync(exec, script, { mode: 0o755 });
  const words = ['--only', '^(paths|daemon)$', '--variants', 'static', '--pairs', 'tmpfs'];
  for (const more of [[], ['--batch']]) {
    const { results, status } = await runConformance({ exec, words: [...words, ...more] });
    t.same(
      results.map((result) => result.status),
      ['fail', 'fail'],
    );
    t.equal(status, 1);
  }
});
