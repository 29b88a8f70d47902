import t from 'tap';

import { readDocument } from '../../src/policy/document.js';
import { KERNEL_TYPES } from '../../src/policy/filesystems.js';
import { formatProblem } from '../../src/policy/problem.js';

const HEAD = 'apiVersion: seccomp-spoof/v1\nname: x\n';
const EXT4 = '    answer: { type: ext4 }\n';

function problemsOf(text: string): string[] {
  return readDocument(text, 'x.yaml', '/').problems.map(formatProblem);
}

function rule(when: string, answer = '{ type: ext4 }'): string {
  return `${HEAD}statfs:\n  - when: ${when}\n    answer: ${answer}\n`;
}

/** Each: what is wrong, the file, and every line that is said about it. */
const FAULTS: [string, string, string[]][] = [
  // Shape
  ['empty', '', ['1:1: expected a policy, found nothing; write apiVersion: seccomp-spoof/v1']],
  ['text', 'x\n', ['1:1: expected a policy, found "x"; write apiVersion: seccomp-spoof/v1']],
  ['a list', '- a\n', ['1:1: expected a map, found a list; write key: value']],
  [
    'missing keys',
    'description: y\nstatfs:\n  - id: z\n',
    [
      '1:1: the key "apiVersion" is missing; write apiVersion: seccomp-spoof/v1',
      '1:1: the key "name" is missing; write name: and a name',
      '3:5: the key "when" is missing; write when: { type: 9p }',
      '3:5: the key "answer" is missing; write answer: { type: ext4 }',
    ],
  ],
  [
    'misspelt keys',
    `${HEAD}statf: []\nstatfs:\n  - when: { type: 9p, pathh: /a }\n    answer: { type: ext4, bfre: 1, zzzzzz: 1 }\n    exept: { type: 9p }\n`,
    [
      '3:1: "statf" is not a key here; did you mean statfs?',
      '5:23: "pathh" is not a key here; did you mean path?',
      '6:27: "bfre" is not a key here; did you mean bfree?',
      '6:36: "zzzzzz" is not a key here; write one of type, blocks, bfree, bavail, files, ffree, namelen, flags',
      '7:5: "exept" is not a key here; did you mean except?',
    ],
  ],
  [
    'another version',
    'apiVersion: seccomp-spoof/v2\nname: x\n',
    ['1:13: "seccomp-spoof/v2" is not known here; write seccomp-spoof/v1'],
  ],
  [
    'not lists',
    `${HEAD}statfs:\nextends: 9p-as-ext4\nremove: { a: b }\n`,
    [
      '3:8: expected a list, found nothing; write [ ] around it',
      '4:10: expected a list, found "9p-as-ext4"; write [ ] around it',
      '5:9: expected a list, found a map; write [ ] around it',
    ],
  ],
  [
    'not maps',
    `${HEAD}statfs:\n  - 9p\n  - when: 9p\n    answer: [ext4]\n`,
    [
      '4:5: expected a map, found "9p"; write key: value',
      '5:11: expected a map, found "9p"; write key: value',
      '6:13: expected a map, found a list; write key: value',
    ],
  ],
  [
    'maps that say nothing',
    `${HEAD}statfs:\n  - when: {}\n    except: {}\n    answer: {}\n`,
    [
      '4:11: expected at least one of type, path; write when: { type: 9p }',
      '5:13: expected at least one of type, path; write except: { path: /mnt/** }',
      '6:13: expected at least one of type, blocks, bfree, bavail, files, ffree, namelen, flags; write answer: { type: ext4 }',
    ],
  ],
  // Texts and names
  [
    'a number for a name',
    'apiVersion: seccomp-spoof/v1\nname: 10\n',
    ['2:7: expected a name, found the number 10; write it in quotes'],
  ],
  [
    'a number for a text',
    `${HEAD}description: 5\n`,
    ['3:14: expected text, found the number 5; write it in quotes'],
  ],
  [
    'a slash in names',
    'apiVersion: seccomp-spoof/v1\nname: a/b\nstatfs:\n  - id: c/d\n    when: { type: 9p }\n    answer: { type: ext4 }\n',
    [
      '2:7: "a/b" is not a name; write 1 to 64 letters, digits, dots, dashes and underscores',
      '4:9: "c/d" is not a rule id; write 1 to 64 letters, digits, dots, dashes and underscores',
    ],
  ],
  [
    'references that are none',
    `${HEAD}extends: ["", 5, []]\n`,
    [
      '3:11: "" is no policy; write a name or a path',
      '3:15: expected a policy, found the number 5; write it in quotes',
      '3:18: expected a policy, found a list; write a policy',
    ],
  ],
  // Filesystems
  [
    'a magic without 0x',
    rule('{ type: 01021997 }'),
    ['4:19: "01021997" is a magic number without 0x; write 0x01021997 or 9p'],
  ],
  [
    'a decimal magic',
    rule('{ type: 9p }', '{ type: 61267 }'),
    ['5:21: "61267" is a magic number without 0x; write 0x0000ef53 or ext4'],
  ],
  [
    'misspelt filesystems in a list',
    rule('{ type: [9p, exf4, ~, true] }'),
    [
      '4:24: "exf4" is not a known filesystem; did you mean ext4?',
      '4:30: expected a filesystem, found nothing; write a filesystem',
      '4:33: expected a filesystem, found the value true; write it in quotes',
    ],
  ],
  [
    'an empty list',
    rule('{ type: [] }'),
    ['4:19: the list is empty; write a filesystem or leave the key out'],
  ],
  [
    'a list for one filesystem',
    rule('{ type: 9p }', '{ type: [ext4] }'),
    ['5:21: expected a filesystem, found a list; write a filesystem'],
  ],
  // Globs
  [
    'wrong globs',
    rule("{ path: [data, '/a/', 5, '/{a}'] }"),
    [
      '4:20: "data": a path glob is absolute; write /data',
      '4:26: "/a/": a trailing slash never matches; write /a, or /a/** for everything below',
      '4:33: expected a path glob, found the number 5; write it in quotes',
      '4:36: "/{a}": "{a}" has no comma; write {a,b}, or \\{ for a brace in a name',
    ],
  ],
  // Numbers
  [
    'numbers of other kinds',
    rule(
      '{ type: 9p }',
      '{ blocks: 0x10, bfree: 1e3, bavail: -1, files: 010, ffree: 1.5, namelen: lots }',
    ),
    [
      '5:23: "0x10" is not a whole number in decimal digits; write 16',
      '5:36: "1e3" is not a whole number in decimal digits; write 1000',
      '5:49: "-1" is not a whole number in decimal digits; write 0 or more: 1000000',
      '5:60: "010" is not a whole number in decimal digits; write 10',
      '5:72: "1.5" is not a whole number in decimal digits; write 0 or more: 1000000',
      '5:86: "lots" is not a whole number in decimal digits; write 0 or more: 1000000',
    ],
  ],
  [
    'a number that is too large',
    rule('{ type: 9p }', '{ blocks: 9223372036854775808 }'),
    ['5:23: "9223372036854775808" is too large; write 9223372036854775807 at most'],
  ],
  [
    'parts that are more than the whole',
    rule('{ type: 9p }', '{ blocks: 5, bfree: 6, files: 1, ffree: 2 }'),
    [
      '5:33: bfree 6 is more than blocks 5; write 5 at most',
      '5:53: ffree 2 is more than files 1; write 1 at most',
    ],
  ],
  // Flags
  [
    'flags',
    rule('{ type: 9p }', '{ flags: [ST_NOSUID, noexe, frobnicate, 3] }'),
    [
      '5:23: "ST_NOSUID" is not a flag of statfs; did you mean nosuid?',
      '5:34: "noexe" is not a flag of statfs; did you mean noexec?',
      '5:41: "frobnicate" is not a flag of statfs; write one of rdonly, nosuid, nodev, noexec, synchronous, mandlock, noatime, nodiratime, relatime, nosymfollow',
      '5:53: "3" is not a flag of statfs; write one of rdonly, nosuid, nodev, noexec, synchronous, mandlock, noatime, nodiratime, relatime, nosymfollow',
    ],
  ],
  [
    'a flag that is no list',
    rule('{ type: 9p }', '{ flags: nosuid }'),
    ['5:22: expected a list of flags, found "nosuid"; write a list: [nosuid]'],
  ],
  // Rules that contradict each other
  [
    'the same type twice',
    `${HEAD}statfs:\n  - when: { type: 9p }\n${EXT4}  - when: { type: [fuse, 0x01021997] }\n${EXT4}`,
    [
      '6:11: a rule for type 9p stands at x.yaml:4 already; join the two rules, or name a path in one of them',
    ],
  ],
  [
    'the same path twice',
    `${HEAD}statfs:\n  - when: { path: '/{a,b}' }\n${EXT4}  - when: { path: /b }\n${EXT4}`,
    [
      '6:11: a rule for path /b stands at x.yaml:4 already; join the two rules, or name a path in one of them',
    ],
  ],
  [
    'the same type and path twice',
    `${HEAD}statfs:\n  - when: { type: ext2, path: /b }\n${EXT4}  - when: { type: ext3, path: /b }\n${EXT4}`,
    [
      '6:11: a rule for type ext4, path /b stands at x.yaml:4 already; join the two rules, or name a path in one of them',
    ],
  ],
  [
    'the same id twice',
    `${HEAD}statfs:\n  - id: q\n    when: { type: 9p }\n${EXT4}  - id: q\n    when: { type: fuse }\n${EXT4}`,
    ['7:9: the id of this rule is that of the rule at x.yaml:4: x/q; write another id'],
  ],
  [
    'a rule that never holds',
    `${HEAD}statfs:\n  - when: { type: 9p }\n    except: { type: v9fs }\n${EXT4}`,
    [
      '5:21: the rule never holds: every type that it names is excepted; remove a type from except, or the rule',
    ],
  ],
  // YAML
  [
    'an alias of nothing',
    `${HEAD}extends: [*foo]\n`,
    ['3:11: *foo is an alias of nothing; write &foo before it, or quote a text that begins with *'],
  ],
  [
    'an unknown tag',
    `${HEAD}extends: [!foo bar]\n`,
    ['3:11: Unresolved tag: !foo, at "!foo"; quote a text that begins with !'],
  ],
  [
    'a key twice',
    `${HEAD}name: y\n`,
    ['3:1: Map keys must be unique, at "name"; join the two or remove one'],
  ],
  [
    'two documents',
    `${HEAD}---\nname: y\n`,
    ['3:1: Source contains multiple documents, at "---"; write one policy a file'],
  ],
  [
    'a key that is no text',
    `${HEAD}? [a]\n: b\n`,
    ['3:3: With stringKeys, all keys must be strings, at "["; write a plain word before the colon'],
  ],
  [
    'a brace left open',
    `${HEAD}statfs:\n  - when: { type: 9p\n    answer: { type: ext4 }\n`,
    [
      '5:5: Flow map in block collection must be sufficiently indented and end with a }, at "answer"; check the indentation, and that brackets are closed',
    ],
  ],
  [
    'aliases that multiply',
    `${HEAD}a: [&b [1,1,1,1,1,1,1,1,1], &c [*b,*b,*b,*b,*b,*b,*b,*b,*b], &d [*c,*c,*c,*c,*c,*c,*c,*c,*c], [*d,*d,*d,*d,*d,*d,*d,*d,*d]]\n`,
    ['1:1: Excessive alias count indicates a resource exhaustion attack; write it out'],
  ],
  [
    'carriage returns',
    rule('{ type: exf4 }').replaceAll('\n', '\r\n'),
    ['4:19: "exf4" is not a known filesystem; did you mean ext4?'],
  ],
];

void t.test('every fault has a place and a suggestion', (t) => {
  for (const [what, text, lines] of FAULTS) {
    t.same(
      problemsOf(text),
      lines.map((line) => `x.yaml:${line}`),
      what,
    );
  }
  t.end();
});

void t.test('a problem holds the offending text', (t) => {
  const [problem] = readDocument(rule('{ type: exf4 }'), 'x.yaml', '/').problems;
  t.match(problem, { file: 'x.yaml', line: 4, column: 19, text: 'exf4' });
  t.end();
});

void t.test('a file that is right', (t) => {
  const text = `${HEAD}description: yes
extends: [9p-as-ext4, ./other.yaml]
remove: [9p-as-ext4/statfs/1]
statfs:
  - when: { type: [0x01021997, v9fs, fuse], path: '/data/{a,b}' }
    except: { type: xfs, path: [/data/a, /data/b/**] }
    answer:
      type: XFS_SUPER_MAGIC
      blocks: 9223372036854775807
      bfree: "9223372036854775806"
      flags: [nosuid, rdonly]
  - id: root
    when: { path: /** }
    except: { type: nfs }
    answer: { namelen: 255, flags: [] }
`;
  const { file, problems } = readDocument(text, 'x.yaml', '/');
  t.same(problems, []);
  t.equal(file?.name, 'x');
  t.equal(file?.description, 'yes');
  t.same(
    file?.extends.map((reference) => reference.text),
    ['9p-as-ext4', './other.yaml'],
  );
  t.same(file?.remove[0]?.problem('m', 's'), {
    file: 'x.yaml',
    line: 5,
    column: 10,
    text: '9p-as-ext4/statfs/1',
    message: 'm',
    suggestion: 's',
  });
  t.same(file?.rules.statfs, [
    {
      id: 'x/statfs/1',
      origin: 'x.yaml:7',
      when: { types: [0x01021997, 0x65735546], paths: ['/data/a', '/data/b'] },
      except: { types: [0x58465342], paths: ['/data/a', '/data/b/**'] },
      answer: {
        type: 0x58465342n,
        blocks: 2n ** 63n - 1n,
        bfree: 2n ** 63n - 2n,
        // nosuid, rdonly, and ST_VALID, which the kernel always sets
        flags: 0x23n,
      },
    },
    {
      id: 'x/root',
      origin: 'x.yaml:14',
      when: { types: [], paths: ['/**'] },
      except: { types: [0x6969, ...KERNEL_TYPES], paths: [] },
      answer: { namelen: 255n, flags: 0x20n },
    },
  ]);
  t.end();
});

void t.test('a value may be an alias of an earlier one', (t) => {
  const text = `${HEAD}statfs:
  - when: &place { type: 9p, path: /a }
    answer: &told { type: ext4 }
  - when: { type: fuse, path: /a }
    answer: *told
`;
  const { file } = readDocument(text, 'x.yaml', '/');
  t.same(file?.rules.statfs[1]?.answer, { type: 0xef53n });
  t.end();
});

void t.test('a byte order mark changes no column', (t) => {
  t.same(problemsOf(`\ufeff${rule('{ type: exf4 }')}`), [
    'x.yaml:4:19: "exf4" is not a known filesystem; did you mean ext4?',
  ]);
  t.end();
});
