// Which words are ours and which belong to the command; what is said about wrong ones.
import t from 'tap';

import { parseExec } from '../../src/commands/exec-line.js';
import { UsageError } from '../../src/errors.js';
import { cli, run, script } from './helpers.js';

interface Expected {
  readonly first: number;
  readonly [option: string]: unknown;
}

const RIGHT: readonly (readonly [readonly string[], Expected])[] = [
  [['true'], { first: 0 }],
  [['--', '-v'], { first: 1 }],
  [['--', '--'], { first: 1 }],
  [['-'], { first: 0 }],
  [['', 'x'], { first: 0 }],
  [['k3s', 'server', '-v', '--policy', 'x'], { first: 0, verbose: false, policies: [] }],
  [['-v', 'true', 'x'], { first: 1, verbose: true }],
  [['-v', 'false'], { first: 1, verbose: true }],
  [['-v', '--', '-q'], { first: 2, verbose: true, quiet: false }],
  [['-q', '--', '--', 'x'], { first: 2, quiet: true }],
  [['-p', 'a', '--policy=b', '--policy', 'c', 'x'], { first: 5, policies: ['a', 'b', 'c'] }],
  [['-p', '1e3', '0x10', '1e3'], { first: 2, policies: ['1e3'] }],
  [['--fstype', '9p=ext4', '--fstype=a=b', 'x'], { first: 3, fstypes: ['9p=ext4', 'a=b'] }],
  [['-m', 'auto', '-m', 'notify', 'x'], { first: 4, mechanism: 'notify' }],
  [
    ['-o', 'f', '--log-level', 'trace', 'x', '-o', 'g'],
    { first: 4, logFile: 'f', logLevel: 'trace' },
  ],
  [['--no-auto-policy', 'k3s'], { first: 1, autoPolicy: false }],
  [['-v', 'k3s', '--no-auto-policy'], { first: 1, autoPolicy: true }],
  [['--stats', 'true'], { first: 1, stats: 'text' }],
  [['--stats', '--stats-format', 'json', 'x'], { first: 3, stats: 'json' }],
  [['-v', 'cmd', '--no-foo', '1e3', '-x=y', '--a.b'], { first: 1, verbose: true }],
  [['--help'], { first: 1, help: true }],
  [['-v'], { first: 1, verbose: true }],
];

void t.test('our options end at the first word that is not one', async (t) => {
  for (const [words, { first, ...options }] of RIGHT) {
    const line = await parseExec(words);
    t.match({ first: line.first, ...line.options }, { first, ...options }, words.join(' '));
  }
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [['--polcy', 'x', 'true'], /no option --polcy; did you mean --policy\?/],
  [['--verbos', 'true'], /did you mean --verbose\?/],
  [['-x', 'true'], /no option -x; see/],
  [['-pk3s', 'true'], /-pk3s is no option; write -p k3s, in two words/],
  [['--no-verbose', 'true'], /no option --no-verbose/],
  [['--auto-policy', 'true'], /no option --auto-policy; did you mean --no-auto-policy/],
  [['--no-auto-policy=yes', 'true'], /option --no-auto-policy takes no value/],
  [['-p'], /option -p needs a value/],
  [['-p', 'a', '-p'], /option -p needs a value/],
  [['-p', '--', 'true'], /option -p needs a value/],
  [['-p', '-v', 'true'], /option -p needs a value/],
  [['--policy=', 'true'], /option --policy has an empty value/],
  [['-o', '', 'true'], /option --log-file has an empty value/],
  [['--stats=json', 'true'], /option --stats takes no value; write --stats --stats-format/],
  [['--verbose=yes', 'true'], /option --verbose takes no value/],
  [['-v', '-q', 'true'], /exclude each other/],
  [['--stats-format', 'json', 'true'], /without --stats/],
  [['--log-level', 'trace', 'true'], /without --log-file/],
  [['--stats', '--stats-format', 'jsn', 'true'], /did you mean json\?/],
  [['-m', 'tracer', 'true'], /--mechanism "tracer" is not known; did you mean trace\?/],
  [['-m', 'notfy', 'true'], /did you mean notify\?/],
  [['-m', 'magic', 'true'], /it is one of auto, notify/],
];

void t.test('wrong options say what to do', async (t) => {
  for (const [words, message] of WRONG) {
    const error = await parseExec(words).catch((error: unknown) => error);
    t.type(error, UsageError, words.join(' '));
    t.match(String(error), message);
  }
});

void t.test('wrong usage of exec ends with 125, of other verbs with 2', async (t) => {
  const lines: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['exec'], 125, /exec needs a command; /],
    [['exec', '-v'], 125, /exec needs a command; /],
    [['exec', '--polcy', 'x', 'true'], 125, /did you mean --policy\?/],
    [['exec', '-m', 'tracer', 'true'], 125, /did you mean trace\?/],
    [['exec', '-p', 'no-such-policy', 'true'], 125, /no-such-policy/],
    [
      ['exec', '-o', '/nonexistent/log', 'true'],
      125,
      /cannot open the log file \/nonexistent\/log/,
    ],
    [['exex', 'true'], 2, /there is no verb "exex"; did you mean exec\?/],
    [[], 2, /a verb is missing/],
    [['doctor', '--jsn'], 2, /did you mean --json\?/],
    [['doctor', '--now', 'ls'], 2, /doctor has no option --now/],
    [['version', '-x'], 2, /version has no option -x/],
  ];
  for (const [words, status, message] of lines) {
    const ended = await cli(words);
    t.equal(ended.status, status, words.join(' '));
    t.match(ended.stderr, message);
    t.match(ended.stderr, /^seccomp-spoof: [^\n]*\n$/, 'one line');
    t.equal(ended.stdout, '');
  }
});

void t.test('help goes to standard output', async (t) => {
  for (const words of [
    ['--help'],
    ['-h'],
    ['help'],
    ['exec', '--help'],
    ['help', 'exec'],
    ['doctor', '-h'],
    ['version', '--help'],
    ['policy', '--help'],
  ]) {
    const ended = await cli(words);
    t.equal(ended.status, 0, words.join(' '));
    t.match(ended.stdout, /seccomp-spoof /);
    t.equal(ended.stderr, '');
  }
});

void t.test('messages do not follow the language', async (t) => {
  const ended = await cli(['exec', '-p'], { env: { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' } });
  t.match(ended.stderr, /needs a value/);
});

void t.test('pipes that are shared stay blocking', async (t) => {
  // Without the front's record nothing puts the flags back: what Node does to them is seen here.
  const directory = t.testdir({
    'mine.yaml': 'apiVersion: seccomp-spoof/v1\nname: mine\nextends: [9p-as-ext4]\n',
  });
  const options = ['-p', './mine.yaml', '-o', 'log', '--fstype', '9p=xfs'];
  const show = ['cat', '/proc/self/fdinfo/1', '/proc/self/fdinfo/2'];
  // Pipes of a shell: Node's own for a child are sockets.
  const words = ['-c', '{ "$@" | cat; } 2>&1 | cat', 'sh', process.execPath, script, 'exec'];
  const ended = await run('/bin/sh', [...words, ...options, ...show], { cwd: directory });
  const flags = [...ended.stdout.matchAll(/^flags:\s*(\d+)$/gm)].map(([, octal]) => octal);
  t.equal(flags.length, 2, ended.stdout);
  for (const octal of flags) {
    t.equal(Number.parseInt(octal ?? '', 8) & 0o4000, 0, `flags ${String(octal)}`);
  }
});
