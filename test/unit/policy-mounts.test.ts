import t from 'tap';

import { readDocument } from '../../src/policy/document.js';
import { EMPTY_POLICY } from '../../src/policy/normalised.js';
import { formatProblem } from '../../src/policy/problem.js';
import { KERNEL_COLUMNS } from '../../src/policy/tables.js';

const HEAD = 'apiVersion: seccomp-spoof/v1\nname: x\n';

/** Each: what is wrong, the file, and every line that is said about it. */
const FAULTS: [string, string, string[]][] = [
  // Mount tables
  [
    'mounts without their parts',
    `${HEAD}mounts:\n  - id: a\n  - { when: {}, except: {}, answer: {} }\n`,
    [
      '4:5: the key "when" is missing; write when: { fstype: 9p }',
      '4:5: the key "answer" is missing; write answer: { fstype: ext4 }',
      '5:13: expected at least one of fstype, path; write when: { fstype: 9p }',
      '5:25: expected at least one of fstype, path, program; write except: { program: systemd }',
      '5:37: expected at least one of fstype, source, shared; write answer: { fstype: ext4 }',
    ],
  ],
  [
    'misspelt keys of mounts',
    `${HEAD}mounts:\n  - { whenn: 1, when: { type: 9p }, except: { programs: a }, answer: { fstyp: ext4 } }\n`,
    [
      '4:7: "whenn" is not a key here; did you mean when?',
      '4:25: "type" is not a key here; write one of fstype, path',
      '4:47: "programs" is not a key here; did you mean program?',
      '4:72: "fstyp" is not a key here; did you mean fstype?',
    ],
  ],
  [
    'no names of mount tables',
    `${HEAD}mounts:\n  - when: { fstype: [01021997, 0xef53, V9FS_MAGIC, 99999, fuse.*, 5, '', 'a b', 'a/b', '[a]'] }\n    answer: { fstype: 01021997 }\n`,
    [
      '4:22: mount tables have names, no magic numbers: "01021997"; write 9p',
      '4:32: mount tables have names, no magic numbers: "0xef53"; write ext4',
      '4:40: mount tables have names, no magic numbers: "V9FS_MAGIC"; write 9p',
      '4:52: mount tables have names, no magic numbers: "99999"; write the name, as findmnt shows it',
      '4:70: "": a name is empty; write * for any',
      '4:74: "a b": a name has no blank; write ? for it',
      '4:81: "a/b": a name has no slash; write b',
      '4:88: "[a]": [ ] is not known here; write {a,b}, or \\[ for a bracket',
      '5:23: mount tables have names, no magic numbers: "01021997"; write 9p',
    ],
  ],
  [
    'types that no line can have',
    ['""', 'fuse.*', '"a b"', '"a#"', `"${'x'.repeat(256)}"`]
      .map((told) => `  - { when: { path: /${told.length} }, answer: { fstype: ${told} } }\n`)
      .reduce((text, line) => text + line, `${HEAD}mounts:\n`),
    [
      '4:45: "" is no filesystem type; write a name: ext4',
      '5:45: "fuse.*" is a glob, a line has one type; write a name: ext4',
      '6:45: "a b" has a character that no type has; write a name: ext4',
      '7:45: "a#" has a character that no type has; write a name: ext4',
      `8:47: "${'x'.repeat(60)}" is longer than 255 bytes; write a name: ext4`,
    ],
  ],
  [
    'no peer groups',
    ['false', '0', '2147483648', 'yes', '1.5']
      .map((told, index) => `  - { when: { path: /${index} }, answer: { shared: ${told} } }\n`)
      .reduce((text, line) => text + line, `${HEAD}mounts:\n`),
    [
      '4:45: expected true or the number of a peer group, found the value false; leave the key out',
      '5:45: 0 is no number of a peer group; write true, or a number from 1 to 2147483647',
      '6:45: 2147483648 is no number of a peer group; write true, or a number from 1 to 2147483647',
      '7:45: expected true or the number of a peer group, found "yes"; write true, or a number from 1 to 2147483647',
      '8:45: expected true or the number of a peer group, found the number 1.5; write true, or a number from 1 to 2147483647',
    ],
  ],
  [
    'sources that no line can have',
    ['""', '"a b"', '"a#"', '"a\\\\b"', `"${'x'.repeat(256)}"`, '5']
      .map((told, index) => `  - { when: { path: /${index} }, answer: { source: ${told} } }\n`)
      .reduce((text, line) => text + line, `${HEAD}mounts:\n`),
    [
      '4:45: "" is no source of a mount; write a device: /dev/vda1',
      '5:45: "a b" has a blank, \\, # or another character that stands in no table; write a device: /dev/vda1',
      '6:45: "a#" has a blank, \\, # or another character that stands in no table; write a device: /dev/vda1',
      '7:45: "a\\\\b" has a blank, \\, # or another character that stands in no table; write a device: /dev/vda1',
      `8:45: "${'x'.repeat(60)}" is longer than 255 bytes; write a device: /dev/vda1`,
      '9:45: expected a source of a mount, found the number 5; write it in quotes',
    ],
  ],
  [
    'the same mount twice, and an id',
    `${HEAD}mounts:\n  - { when: { fstype: [a, 9p], path: /d }, answer: { shared: true } }\n  - { when: { fstype: 9p, path: /d }, answer: { shared: 2 } }\nstatfs:\n  - { id: uname, when: { type: 9p }, answer: { type: ext4 } }\nuname: { release: x }\n`,
    [
      '7:11: the id of this rule is that of the rule at x.yaml:8: x/uname; write another id',
      '5:13: a rule for fstype 9p, path /d stands at x.yaml:4 already; join the two rules, or name a path in one of them',
    ],
  ],
  [
    'a table rule that never holds',
    `${HEAD}mounts:\n  - { when: { fstype: 9p }, except: { fstype: [9p, a] }, answer: { fstype: ext4 } }\n`,
    [
      '4:47: the rule never holds: every type that it names is excepted; remove a type from except, or the rule',
    ],
  ],
  // uname
  [
    'uname of nothing',
    `${HEAD}uname: {}\n`,
    ['3:8: expected at least one of release, version; write uname: { release: "5.15.0" }'],
  ],
  [
    'texts that are none',
    `${HEAD}uname: { release: 5.15, version: "" , machine: x }\n`,
    [
      '3:19: expected a text in quotes, found the number 5.15; write it in quotes',
      '3:34: the text is empty; write a text, or leave the key out',
      '3:39: "machine" is not a key here; write one of release, version',
    ],
  ],
  [
    'texts that uname cannot say',
    `${HEAD}uname: { release: "ä", version: ${'x'.repeat(65)} }\n`,
    [
      '3:19: "ä" has characters that are not printable ASCII; write letters, digits and signs of ASCII',
      `3:33: the text is longer than 64 bytes; write "${'x'.repeat(64)}"`,
    ],
  ],
];

void t.test('every fault has a place and a suggestion', (t) => {
  for (const [what, text, lines] of FAULTS) {
    t.same(
      readDocument(text, 'x.yaml', '/').problems.map(formatProblem),
      lines.map((line) => `x.yaml:${line}`),
      what,
    );
  }
  t.end();
});

void t.test('what mount tables and uname say', (t) => {
  const text = `${HEAD}mounts:
  - when: { fstype: ['{9p,virtiofs}', fuse.*], path: '/{a,b}' }
    except: { fstype: fuse.x, path: /a/c, program: ['systemd{,-*}', udisksd] }
    answer: { fstype: ext4, shared: true }
  - id: all
    when: { path: /** }
    answer: { fstype: xfs }
  - when: { path: / }
    answer: { shared: 2147483647 }
  - when: { path: /c }
    answer: { source: 'host:/a,{b}*' }
uname: { version: "#1 SMP" }
`;
  const { file, problems } = readDocument(text, 'x.yaml', '/');
  t.same(problems, []);
  t.same(file?.rules, {
    ...EMPTY_POLICY,
    mounts: [
      {
        id: 'x/mounts/1',
        origin: 'x.yaml:4',
        when: { fstypes: ['9p', 'virtiofs', 'fuse.*'], paths: ['/a', '/b'] },
        except: {
          fstypes: ['fuse.x'],
          paths: ['/a/c'],
          programs: ['systemd', 'systemd-*', 'udisksd'],
        },
        answer: { fstype: 'ext4', shared: 1 },
      },
      {
        id: 'x/all',
        origin: 'x.yaml:7',
        when: { fstypes: [], paths: ['/**'] },
        except: { fstypes: KERNEL_COLUMNS, paths: [], programs: [] },
        answer: { fstype: 'xfs' },
      },
      {
        id: 'x/mounts/3',
        origin: 'x.yaml:10',
        when: { fstypes: [], paths: ['/'] },
        except: { fstypes: [], paths: [], programs: [] },
        answer: { shared: 2147483647 },
      },
      {
        id: 'x/mounts/4',
        origin: 'x.yaml:12',
        when: { fstypes: [], paths: ['/c'] },
        except: { fstypes: KERNEL_COLUMNS, paths: [], programs: [] },
        answer: { source: 'host:/a,{b}*' },
      },
    ],
    uname: [{ id: 'x/uname', origin: 'x.yaml:14', answer: { version: '#1 SMP' } }],
  });
  t.end();
});
