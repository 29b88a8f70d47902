import { mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import t from 'tap';

import { readDocument } from '../../src/policy/document.js';
import {
  EMPTY_POLICY,
  fromJson,
  mapRules,
  toJson,
  type FileRule,
  type NormalisedPolicy,
} from '../../src/policy/normalised.js';
import { policyToYaml } from '../../src/policy/print.js';
import { formatProblem } from '../../src/policy/problem.js';

const HEAD = 'apiVersion: seccomp-spoof/v1\nname: x\n';
const ONE_OF = 'expected exactly one of redirect, content, contentFile, generate, rewrite';

function files(...rules: string[]): string {
  return `${HEAD}files:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;
}

/** Each: what is wrong, the rules (from line 4 on), and every line that is said about them. */
const FAULTS: [string, string[], string[]][] = [
  [
    'rules that say nothing',
    ['{}', '{ path: /a }'],
    [
      '4:5: the key "path" is missing; write path: /dev/kmsg',
      `5:5: ${ONE_OF}; write redirect: /dev/null, or content: "1\\n"`,
    ],
  ],
  [
    'two answers',
    ['{ path: /a, redirect: /b, content: "", rewrite: [{ match: a, replace: b }] }'],
    [
      '4:40: a rule has redirect or content, not both; remove one of the two',
      '4:53: a rule has redirect or rewrite, not both; remove one of the two',
    ],
  ],
  [
    'misspelt keys and words',
    [
      '{ path: /a, contents: "1" }',
      '{ path: /a, content: "", writes: drop, when: absent, parents: yes, scope: pods }',
      '{ path: /a, generate: zero_per_cpu, except: { programm: x } }',
      '{ path: /a, rewrite: [{ match: a, replce: b }] }',
    ],
    [
      '4:17: "contents" is not a key here; did you mean content?',
      '5:38: "drop" is not known here; write refuse or discard or keep',
      '5:50: "absent" is not known here; write always or missing',
      '5:67: expected true or false, found "yes"; write true or false',
      '5:79: "pods" is not known here; write host or all',
      '6:27: "zero_per_cpu" is not known here; write zero-per-cpu or memory-stat or memory-stat-v2 or memory-max-usage',
      '6:51: "programm" is not a key here; did you mean program?',
      '7:27: the key "replace" is missing; write replace: "" to remove what matches',
      '7:39: "replce" is not a key here; did you mean replace?',
    ],
  ],
  [
    'content that is no text',
    [
      '{ path: /a, content: 10 }',
      '{ path: /b, content: 0x10 }',
      '{ path: /c, content: true }',
      '{ path: /d, content: [1] }',
      '{ path: /e, content: ~ }',
    ],
    [
      '4:26: expected a text, found the number 10; write it in quotes: "10"',
      '5:26: expected a text, found the number 16; write it in quotes: "0x10"',
      '6:26: expected a text, found the value true; write it in quotes: "true"',
      '7:26: expected a text, found a list; write a text in quotes: "1\\n"',
      '8:26: expected a text, found nothing; write a text in quotes: "1\\n"',
    ],
  ],
  [
    'what is made of another file',
    [
      '{ path: /a, generate: memory-stat, writes: keep }',
      '{ path: /b, generate: memory-max-usage, when: missing, parents: true }',
      '{ path: /c, generate: memory-stat, when: missing, writes: discard }',
      '{ path: /d, generate: memory-stat-v2, writes: keep }',
    ],
    [
      '4:48: memory-stat cannot keep writes: it is made of memory.usage_in_bytes anew at each open; write writes: discard',
      '5:69: memory-max-usage is made of memory.usage_in_bytes in the same directory, which is there then; remove it',
      '7:51: memory-stat-v2 cannot keep writes: it is made of memory.current anew at each open; write writes: discard',
    ],
  ],
  [
    'sizes',
    [
      '{ path: /a, content: "", writes: keep, maxSize: 64M }',
      '{ path: /b, content: "", writes: keep, maxSize: -1 }',
      '{ path: /c, content: "", writes: keep, maxSize: 9007199254740993 }',
      '{ path: /d, content: "", writes: discard, maxSize: 1KiB }',
      '{ path: /e, content: "", maxSize: 0 }',
      '{ path: /f, content: "", writes: keep, maxSize: 0 }',
      '{ path: /g, content: "", writes: keep, maxSize: "1 GiB" }',
    ],
    [
      '4:53: expected a number of bytes, found "64M"; write a whole number: 64MiB',
      '5:53: expected a number of bytes, found the number -1; write a whole number: 64MiB',
      '6:53: expected a number of bytes, found the number 9007199254740993; write a smaller number: 64MiB',
      '7:56: maxSize is for files that keep what is written; write writes: keep, or remove it',
      '8:39: maxSize is for files that keep what is written; write writes: keep, or remove it',
    ],
  ],
  [
    'modes',
    [
      '{ path: /a, content: "", mode: 0644 }',
      '{ path: /b, content: "", mode: 0o644 }',
      '{ path: /c, content: "", mode: 999 }',
      '{ path: /d, content: "", mode: "0o600" }',
      '{ path: /e, content: "", mode: rw-r--r-- }',
      '{ path: /f, content: "", mode: "17777" }',
    ],
    [
      '4:36: expected octal digits in quotes, found the number 644; write it in quotes: "0644"',
      '5:36: expected octal digits in quotes, found the number 420; write it in quotes: "0644"',
      '6:36: expected octal digits in quotes, found the number 999; write octal digits in quotes: "0644"',
      '7:36: "0o600" is no mode of a file; write it in quotes: "0600"',
      '8:36: "rw-r--r--" is no mode of a file; write octal digits in quotes: "0644"',
      '9:36: "17777" is no mode of a file; write octal digits in quotes: "0644"',
    ],
  ],
  [
    'targets',
    [
      '{ path: /a, redirect: b }',
      "{ path: /b/**, redirect: '/c/**' }",
      '{ path: /c, redirect: /d* }',
      '{ path: /d, redirect: /e/../f/ }',
      '{ path: /e, redirect: 5 }',
    ],
    [
      '4:27: "b": the target of a redirect is absolute; write the path in full: /dev/null',
      '5:30: "/c/**": the target of a redirect is one path, no glob; write /c',
      '6:27: "/d*": the target of a redirect is one path, no glob; write /dev/null',
      '7:27: "/e/../f/": the path is not in its shortest form; write /f',
      '8:27: expected an absolute path, found the number 5; write it in quotes',
    ],
  ],
  [
    'trees',
    [
      '{ path: [/a/**, /b], redirect: /t }',
      "{ path: '/*/c/**', redirect: /t }",
      '{ path: /d/**, redirect: /d/e }',
      '{ path: /e, redirect: /e }',
      '{ path: /**, redirect: /t }',
    ],
    [
      '4:13: some of these paths end in /**, others do not; make two rules of it',
      '5:13: /*/c/**: the directory of a tree is one path, no glob; write each directory: [/a/**, /b/**]',
      '6:30: /d/e lies in /d/** itself; write a path outside of it',
      '7:27: /e lies in /e itself; write a path outside of it',
      '8:28: /t lies in /** itself; write a path outside of it',
    ],
  ],
  [
    'what a redirect cannot say',
    ['{ path: /a, redirect: /b, writes: keep, mode: "0600", filesystem: proc, parents: true }'],
    [
      "4:39: a redirect has no writes: the target's own permissions decide; remove it",
      '4:51: a redirect has no mode: the target has its own; remove it',
      '4:71: a redirect has no filesystem: the target has its own, and is open under its own name, too; remove it',
      '4:86: the real file has its directories: parents is for one that may be missing; write when: missing, or remove it',
    ],
  ],
  [
    'what a rewritten file cannot be',
    ['{ path: /a, rewrite: [{ match: a, replace: b }], writes: keep, when: missing }'],
    [
      '4:62: a file that is rewritten cannot keep writes: it is made of the real one anew; write writes: discard',
      '4:74: there is nothing to rewrite where the file is missing; write content: for such a file',
    ],
  ],
  [
    'files that are directories, and parents without a name',
    ['{ path: /a/**, content: "" }', "{ path: '/b/*/c', content: '', parents: true }"],
    [
      '4:13: /a/** names a directory and all in it, this rule is about files; write /a/**/NAME',
      '5:45: /b/*/c: directories with wildcards cannot be invented; write each directory: /a/{b,c}/file',
    ],
  ],
  [
    'paths that are links',
    [
      '{ path: [/proc/self/status, /proc/thread-self/x], redirect: /b }',
      '{ path: /proc/selfish, redirect: /b }',
    ],
    [
      '4:13: /proc/self is a link, a resolved path has a number there; write /proc/*/status',
      '4:13: /proc/thread-self is a link, a resolved path has a number there; write /proc/*/task/*/x',
    ],
  ],
  [
    'filesystems',
    [
      '{ path: /a, content: "", filesystem: cgroup3 }',
      '{ path: /b, content: "", filesystem: 27e0eb }',
    ],
    [
      '4:42: "cgroup3" is not a known filesystem; did you mean cgroup?',
      '5:42: "27e0eb" is a magic number without 0x; write 0x27e0eb or cgroup',
    ],
  ],
  [
    'expressions',
    [
      '{ path: /a, rewrite: [] }',
      "{ path: /b, rewrite: [{ match: '', replace: '' }, { match: \"a\\n\", replace: '' }] }",
      "{ path: /c, rewrite: [{ match: '\\d+[\\d](?:x)\\(?', replace: '' }] }",
      "{ path: /d, rewrite: [{ match: '[]()](a)\\(', replace: '\\0\\1\\2\\\\' }, { match: a, replace: '\\1\\n' }] }",
      '{ path: /e, rewrite: [{ match: 5, replace: a }] }',
    ],
    [
      '4:26: the list is empty; write [{ match: REGEX, replace: TEXT }]',
      '5:36: the expression is empty; write what is to be replaced',
      '5:64: the expression never matches: lines are looked at one by one; remove the line break',
      '6:36: \\d is not known to regex(7); write [0-9]',
      '6:36: (? is not known to regex(7); write ( alone, or \\( for a bracket in the text',
      '7:59: \\2 stands for a group, the expression has 1; write \\0 for the whole match, or \\1',
      '7:94: \\1 stands for a group, the expression has 0; write \\0 for the whole match',
      '7:94: "\\\\n" stands for nothing; write \\\\ for a backslash, \\1 for a group',
      '8:36: expected text, found the number 5; write it in quotes',
    ],
  ],
  [
    'the same path, and the same id, twice',
    ["{ id: q, path: '/{a,b}', redirect: /c }", '{ id: q, path: /b, content: "" }'],
    [
      '5:11: the id of this rule is that of the rule at x.yaml:4: x/q; write another id',
      '5:20: a rule for path /b stands at x.yaml:4 already; remove one of the two rules, or its path from one of them',
    ],
  ],
  [
    'names of content files',
    ['{ path: /a, contentFile: ~/x }', '{ path: /b, contentFile: "" }'],
    [
      '4:30: "~/x" is not expanded; write the path in full, or from this file on: ./FILE',
      '5:30: "" is no path; write ./FILE',
    ],
  ],
];

void t.test('every fault has a place and a suggestion', (t) => {
  for (const [what, rules, lines] of FAULTS) {
    t.same(
      readDocument(files(...rules), 'x.yaml', '/').problems.map(formatProblem),
      lines.map((line) => `x.yaml:${line}`),
      what,
    );
  }
  t.end();
});

const DEFAULTS = {
  except: { programs: [] },
  writes: 'refuse',
  parents: false,
  scope: 'host',
} as const;

/** Every key, and rules without any that is not needed. */
const GOOD = `${HEAD}files:
  - path: /dev/kmsg
    redirect: /dev/null
  - id: tree
    path: '/{a,b}/**'
    redirect: /srv/tree
    when: missing
    scope: all
    except: { program: ['systemd{,-*}', runc] }
  - path: [/proc/sys/kernel/panic, '/proc/sys/a\\*']
    content: "10\\nä\\0"
    writes: keep
    when: missing
    parents: true
    filesystem: 0x9fa0
    mode: "0640"
    maxSize: 2MiB
  - path: /sys/fs/cgroup/**/usage
    generate: memory-stat-v2
    writes: discard
  - path: /etc/passwd
    rewrite:
      - match: '^(root):[^:]*'
        replace: '\\1:x\\\\'
      - { match: a, replace: "b\\n" }
    mode: "4755"
uname: { release: x }
`;

void t.test('files that are right', (t) => {
  const { file, problems } = readDocument(GOOD, 'x.yaml', '/');
  t.same(problems, []);
  const expected: FileRule[] = [
    {
      ...DEFAULTS,
      id: 'x/files/1',
      origin: 'x.yaml:4',
      when: { paths: ['/dev/kmsg'], missing: false },
      answer: { redirect: '/dev/null', tree: false },
    },
    {
      ...DEFAULTS,
      id: 'x/tree',
      origin: 'x.yaml:6',
      when: { paths: ['/a/**', '/b/**'], missing: true },
      except: { programs: ['systemd', 'systemd-*', 'runc'] },
      answer: { redirect: '/srv/tree', tree: true },
      scope: 'all',
    },
    {
      ...DEFAULTS,
      id: 'x/files/3',
      origin: 'x.yaml:12',
      when: { paths: ['/proc/sys/kernel/panic', '/proc/sys/a\\*'], missing: true },
      answer: { content: Buffer.from('10\nä\0') },
      writes: 'keep',
      parents: true,
      filesystem: 0x9fa0,
      mode: 0o640,
      maxSize: 2 * 1024 * 1024,
    },
    {
      ...DEFAULTS,
      id: 'x/files/4',
      origin: 'x.yaml:20',
      when: { paths: ['/sys/fs/cgroup/**/usage'], missing: false },
      answer: { generate: 'memory-stat-v2' },
      writes: 'discard',
    },
    {
      ...DEFAULTS,
      id: 'x/files/5',
      origin: 'x.yaml:23',
      when: { paths: ['/etc/passwd'], missing: false },
      answer: {
        rewrite: [
          { match: '^(root):[^:]*', replace: '\\1:x\\\\', origin: 'x.yaml:25:16' },
          { match: 'a', replace: 'b\n', origin: 'x.yaml:27:18' },
        ],
      },
      mode: 0o4755,
    },
  ];
  t.same(file?.rules.files, expected);
  t.end();
});

/** Rules without what is of people: names, and where they were written. */
function bare(policy: NormalisedPolicy): NormalisedPolicy {
  const rules = mapRules(policy, (rule) => ({ ...rule, id: '', origin: '' }));
  const withoutPlaces = rules.files.map((rule) => {
    if (!('rewrite' in rule.answer)) return rule;
    const rewrite = rule.answer.rewrite.map((edit) => ({ ...edit, origin: '' }));
    return { ...rule, answer: { rewrite } };
  });
  return { ...rules, files: withoutPlaces };
}

void t.test('show and JSON lose nothing', (t) => {
  const rules = readDocument(GOOD, 'x.yaml', '/').file?.rules ?? EMPTY_POLICY;
  const yaml = policyToYaml(['x'], rules);
  t.match(yaml, / {2}# x\/tree, from x.yaml:6\n {2}- path:\n {6}- \/a\/\*\*\n {6}- \/b\/\*\*\n/);
  const again = readDocument(yaml, 'again.yaml', '/');
  t.same(again.problems, []);
  t.same(bare(again.file?.rules ?? EMPTY_POLICY), bare(rules));

  const named = { name: 'x', description: undefined, policy: rules };
  t.same(fromJson(toJson(named)), named);
  t.end();
});

void t.test('content from a file beside the policy', (t) => {
  const root = t.testdir({ sub: { 'bytes.bin': '', 'text.txt': 'text\n' } });
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  writeFileSync(join(root, 'sub/bytes.bin'), bytes);
  const text = files(
    '{ path: /a, contentFile: ./bytes.bin }',
    '{ path: /b, contentFile: ../sub/text.txt }',
    `{ path: /c, contentFile: ${join(root, 'sub/text.txt')} }`,
  );
  const { file, problems } = readDocument(text, 'x.yaml', join(root, 'sub'));
  t.same(problems, []);
  const told = { content: Buffer.from('text\n'), contentFile: join(root, 'sub/text.txt') };
  t.same(
    file?.rules.files.map(({ answer }) => answer),
    [{ content: Buffer.from(bytes), contentFile: join(root, 'sub/bytes.bin') }, told, told],
  );
  const yaml = policyToYaml(['x'], file?.rules ?? EMPTY_POLICY);
  const named = { name: 'x', description: undefined, policy: file?.rules ?? EMPTY_POLICY };
  t.same(fromJson(toJson(named)), named);
  t.match(yaml, `contentFile: ${join(root, 'sub/bytes.bin')}\n`, 'bytes that are no text');
  t.match(yaml, /content: \|\n\s+text\n/, 'text is shown');
  const again = readDocument(yaml, 'again.yaml', '/nowhere');
  t.same(again.problems, []);
  t.end();
});

void t.test('content that cannot be read', (t) => {
  const root = t.testdir({ large: 'x'.repeat((1 << 20) + 1), fits: 'x'.repeat(1 << 20) });
  mkdirSync(join(root, 'directory'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  const text = files(
    '{ path: /a, contentFile: ./missing }',
    '{ path: /b, contentFile: directory }',
    '{ path: /c, contentFile: large }',
    '{ path: /d, contentFile: fifo }',
    '{ path: /e, contentFile: fits }',
    `{ path: /f, content: ${'x'.repeat((1 << 20) + 1)} }`,
  );
  const advice = 'name a file that can be read, from the directory of this policy on';
  const readable = text.replace(/ {2}- \{ path: \/f.*\n/, '');
  t.same(readDocument(readable, 'x.yaml', root).problems.map(formatProblem), [
    `x.yaml:4:30: the file "./missing" does not exist; ${advice}`,
    `x.yaml:5:30: the file "directory" is a directory; ${advice}`,
    `x.yaml:6:30: the file "large" is larger than 1 MiB; ${advice}`,
    `x.yaml:7:30: the file "fifo" is not a regular file; ${advice}`,
  ]);
  t.same(readDocument(text, 'x.yaml', root).problems.map(formatProblem), [
    'x.yaml:9:26: the content is larger than 1 MiB; write less',
  ]);
  t.end();
});
