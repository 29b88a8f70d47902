// Rules for files, through the library: which one holds, and what is refused.
import t from 'tap';

import {
  checkBlob,
  FileKind,
  FileOption,
  FileWrites,
  matchFile,
  PolicyBuilder,
  ruleName,
} from '../../src/native/policy.js';

const text = (content: string): Buffer => Buffer.from(content);

void t.test('the most specific files rule wins', (t) => {
  const builder = new PolicyBuilder().mounts('before');
  const add = (name: string, ...globs: string[]): PolicyBuilder => {
    builder.file(name, FileKind.content).fileBytes(text('x'));
    for (const glob of globs) builder.whenPath(glob);
    return builder;
  };
  add('deep', '/sys/**');
  add('star', '/sys/fs/cgroup/*/cpuacct.usage_percpu');
  add('star in the last part', '/sys/fs/cgroup/cpu/cpuacct.*');
  add('plain', '/sys/fs/cgroup/cpu/cpuacct.usage_percpu', '/dev/kmsg');
  add('escaped', '/a/\\*').exceptProgram('runc*').exceptPath('/b/**');
  add('excepted', '/b/c').exceptPath('/b/*').exceptProgram('x');
  add('same', '/a/?');
  const blob = builder.uname('after').finish();
  t.equal(checkBlob(blob), undefined);
  const held = (path: string, program: string | null = null): string | undefined => {
    const rule = matchFile(blob, path, program);
    return rule === undefined ? undefined : ruleName(blob, rule);
  };
  t.equal(held('/sys/fs/cgroup/cpu/cpuacct.usage_percpu'), 'plain');
  t.equal(held('/dev/kmsg'), 'plain');
  t.equal(held('/sys/fs/cgroup/cpu/cpuacct.stat'), 'star in the last part');
  t.equal(held('/sys/fs/cgroup/cpuset/cpuacct.usage_percpu'), 'star');
  t.equal(held('/sys/fs/cgroup/cpuset/cpuacct.stat'), 'deep');
  t.equal(held('/sys'), 'deep', 'a tree and the directory itself');
  t.equal(held('/a/*'), 'escaped');
  t.equal(held('/a/*', 'runc:init'), 'same', 'the next rule is asked');
  t.equal(held('/a/b'), 'same');
  t.equal(held('/b/c'), undefined, 'an exception');
  t.equal(held('/dev'), undefined);
  t.equal(held('dev/kmsg'), undefined, 'a path is absolute');
  t.end();
});

void t.test('what is no files rule is refused', (t) => {
  const builder = new PolicyBuilder();
  const refused = (run: () => unknown, what: string): void => {
    t.throws(run, { message: /EINVAL/ }, what);
  };
  refused(() => builder.fileBytes(text('x')), 'no rule yet');
  builder.statfs('s').whenType(1n);
  refused(() => builder.fileBytes(text('x')), 'content in a statfs rule');
  refused(() => builder.fileOption(FileOption.mode, 0n), 'a setting in a statfs rule');
  refused(() => builder.file('x', 4 as FileKind), 'a kind that is none');

  builder.file('redirect', FileKind.redirect);
  refused(() => builder.whenFstype('x'), 'a type in a files rule');
  refused(() => builder.fileBytes(text('relative')), 'a relative target');
  refused(() => builder.fileBytes(text('/a\0b')), 'a NUL in a target');
  refused(() => builder.fileBytes(text(`/${'a'.repeat(4095)}`)), 'a long target');
  refused(() => builder.fileRewrite('a', 'b'), 'an expression in a redirect');
  builder.fileBytes(text('/target')).whenPath('/x');
  refused(() => builder.fileBytes(text('/other')), 'a second target');

  builder.file('content', FileKind.content);
  refused(() => builder.fileBytes(new Uint8Array((1 << 20) + 1)), 'content over 1 MiB');
  refused(() => builder.fileOption(FileOption.tree, 1n), 'a tree of content');
  refused(() => builder.fileOption(FileOption.mode, 0o10000n), 'a mode that is none');
  refused(() => builder.fileOption(FileOption.writes, 3n), 'writes that are none');
  refused(() => builder.fileOption(FileOption.maxSize, 1n << 63n), 'more than a file can hold');
  refused(() => builder.fileOption(FileOption.missing, 2n), 'a switch that is neither on nor off');
  refused(() => builder.fileOption(8 as FileOption, 0n), 'a setting that is none');
  builder
    .fileBytes(new Uint8Array(1 << 20))
    .fileOption(FileOption.writes, FileWrites.keep)
    .fileOption(FileOption.mode, 0o7777n)
    .fileOption(FileOption.filesystem, (1n << 64n) - 1n)
    .fileOption(FileOption.maxSize, (1n << 63n) - 1n)
    .fileOption(FileOption.missing, 1n)
    .fileOption(FileOption.parents, 1n)
    .fileOption(FileOption.scopeAll, 1n)
    .whenPath('/y');

  builder.file('generated', FileKind.generated).whenPath('/z');
  refused(() => builder.fileBytes(text('nothing')), 'a generator that is none');
  builder.fileBytes(text('zero-per-cpu')).fileOption(FileOption.writes, FileWrites.keep);

  builder.file('rewrite', FileKind.rewrite).whenPath('/w');
  refused(() => builder.fileBytes(text('x')), 'content of a rewritten file');
  for (const pattern of ['(', '[', 'a{2,1}', '', 'x'.repeat(4097)]) {
    refused(() => builder.fileRewrite(pattern, ''), `the expression ${pattern.slice(0, 9)}`);
  }
  for (const replacement of ['\\2', '\\', '\\n', 'x'.repeat(4097)]) {
    refused(() => builder.fileRewrite('(a)', replacement), replacement.slice(0, 9));
  }
  builder.fileRewrite('(a)', '\\0\\1\\\\');
  t.equal(checkBlob(builder.finish()), undefined);
  t.end();
});

void t.test('a files rule without what it needs is refused at the end', (t) => {
  const unfinished: [string, PolicyBuilder][] = [
    ['no path', new PolicyBuilder().file('r', FileKind.content).fileBytes(text('x'))],
    ['no content', new PolicyBuilder().file('r', FileKind.content).whenPath('/a')],
    ['no expression', new PolicyBuilder().file('r', FileKind.rewrite).whenPath('/a')],
    ['no generator', new PolicyBuilder().file('r', FileKind.generated).whenPath('/a')],
  ];
  for (const name of ['memory-stat', 'memory-stat-v2', 'memory-max-usage']) {
    unfinished.push([
      `${name}, which keeps nothing`,
      new PolicyBuilder()
        .file('r', FileKind.generated)
        .fileBytes(text(name))
        .fileOption(FileOption.writes, FileWrites.keep)
        .whenPath('/a'),
    ]);
  }
  for (const glob of ['/a', '/a/*', '/**/b/**', '/a**', '/a/**/b']) {
    unfinished.push([
      `a tree of ${glob}`,
      new PolicyBuilder()
        .file('r', FileKind.redirect)
        .fileBytes(text('/b'))
        .fileOption(FileOption.tree, 1n)
        .whenPath('/c/**')
        .whenPath(glob),
    ]);
  }
  for (const [what, builder] of unfinished) {
    t.throws(() => builder.finish(), { message: /EINVAL/ }, what);
  }
  t.end();
});
