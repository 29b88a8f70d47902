// What a program inherits under `exec` is what it inherits under env(1): the same report, line by
// line, but for the differences that docs/exec.md lists.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { environment, notApplicable, root } from './helpers.js';
import { compare, documented, documentedWhereAParentStays, type SetUp } from './inherit.js';

const env = (...entries: readonly string[]): readonly string[] => [
  'no-env',
  ...entries.flatMap((entry) => ['env', entry]),
];
const withPath = `PATH=${environment['PATH'] ?? ''}`;

const streams = [0, 1, 2, 3, 4, 5, 6, 7].map((set): SetUp => {
  const closed = [0, 1, 2].filter((fd) => (set & (1 << fd)) !== 0);
  return {
    name: `standard streams closed: ${closed.join(' and ') || 'none'}`,
    steps: closed.flatMap((fd) => ['close', String(fd)]),
    has: closed.map((fd) => `fd.${fd}: closed`),
  };
});

const openEverywhere = [3, 9, 10, 11, 12, 63, 64, 100, 200, 255];

const limits: readonly (readonly [name: string, number: number, soft: string, hard: string])[] = [
  ['cpu', 0, '600', '1200'],
  ['fsize', 1, '1000', 'inf'],
  ['data', 2, '300000000', 'inf'],
  ['stack', 3, '1048576', 'inf'],
  ['stack', 3, 'inf', 'inf'],
  ['core', 4, '0', '0'],
  ['nofile', 7, '64', '256'],
  ['nofile', 7, '4', '64'],
  ['memlock', 8, '0', '0'],
  ['as', 9, '100000000', 'inf'],
  ['sigpending', 11, '0', '0'],
  ['msgqueue', 12, '1', '2'],
  ['nice', 13, '20', '30'],
  ['rtprio', 14, '5', '9'],
];

const setUps: readonly SetUp[] = [
  { name: 'nothing in particular', steps: [], has: ['fd.3: closed', 'wait: ECHILD'] },
  ...streams,

  // Signals.
  { name: 'SIGHUP ignored (nohup)', steps: ['ignore', '1'], has: ['signal.1: ignored flags=0'] },
  {
    name: 'SIGINT and SIGQUIT ignored (a shell’s background)',
    steps: ['ignore', '2', 'ignore', '3'],
    has: ['signal.2: ignored flags=0', 'signal.3: ignored flags=0'],
  },
  { name: 'SIGPIPE ignored', steps: ['ignore', '13'], has: ['signal.13: ignored flags=0'] },
  {
    name: 'SIGCHLD ignored',
    steps: ['ignore', '17'],
    has: ['signal.17: ignored flags=0'],
  },
  {
    name: 'SIGTSTP, SIGXFSZ, SIGUSR1, SIGSYS and a real-time signal ignored',
    steps: ['20', '25', '10', '31', '40'].flatMap((signal) => ['ignore', signal]),
    has: ['signal.31: ignored flags=0', 'signal.40: ignored flags=0'],
  },
  {
    name: 'SIGTERM, SIGUSR1 and real-time signals blocked',
    steps: ['15', '10', '34', '50', '64'].flatMap((signal) => ['block', signal]),
    has: ['signals.blocked: 8002000200004200'],
  },
  {
    name: 'all signals blocked',
    steps: ['block-all'],
    has: ['signals.blocked: fffffffffffbfeff', 'signals.pending: 0000000000000000'],
  },
  {
    name: 'SIGTERM and SIGHUP blocked and pending',
    steps: ['block', '15', 'block', '1', 'raise', '15', 'raise', '1'],
    has: ['signals.pending: 0000000000004001', 'pending.15: code=0 from=ourselves uid=0 value=0'],
  },
  {
    name: 'real-time signals queued with values',
    steps: ['block', '40', 'queue', '40', '7', 'queue', '40', '8', 'queue', '40', '9'],
    has: ['pending.40: code=-1 from=ourselves uid=0 value=9'],
  },

  // Limits.
  ...limits.map(([name, number, soft, hard]): SetUp => ({
    name: `limit ${name} ${soft} ${hard}`,
    steps: ['limit', String(number), soft, hard],
    has: [`limit.${name}: ${soft} ${hard}`.replaceAll('inf', String(2n ** 64n - 1n))],
  })),

  // Descriptors.
  {
    name: 'descriptors everywhere',
    steps: openEverywhere.flatMap((fd) => ['open', String(fd), '/dev/zero', 'r']),
    has: openEverywhere.map((fd) => `fd.${fd}: /dev/zero`),
  },
  {
    name: 'descriptors 3 to 9, where a shell script has to put its own elsewhere',
    steps: [3, 4, 5, 6, 7, 8, 9].flatMap((fd) => ['open', String(fd), '/dev/zero', 'r']),
    has: ['fd.9: /dev/zero', 'fd.10: closed', 'fd.11: closed'],
  },
  {
    name: 'every descriptor up to 300',
    steps: Array.from({ length: 298 }, (_, i) => i + 3).flatMap((fd) => [
      'open',
      String(fd),
      '/dev/zero',
      'r',
    ]),
    has: ['fd.3: /dev/zero', 'fd.300: /dev/zero'],
  },
  {
    name: 'descriptors closed on exec, among others',
    steps: [
      ['open', '3', '/dev/zero', 'rc'],
      ['open', '4', '/dev/zero', 'r'],
      ['open', '10', '/dev/zero', 'rc'],
      ['open', '11', '/dev/zero', 'rw'],
    ].flat(),
    has: ['fd.3: closed', 'fd.4: /dev/zero', 'fd.10: closed', 'fd.11: /dev/zero'],
  },
  {
    name: 'pipes with data in them, not blocking, as standard input and others',
    steps: [
      ['open', '0', '@/fifo', 'rwn'],
      ['write', '0', 'unread'],
      ['open', '5', '@/fifo', 'rw'],
      ['open', '1', '@/fifo', 'rwn'],
    ].flat(),
    has: ['fd.0.flags: 104002 read-write nonblock', 'fd.0.unread: 6'],
  },
  {
    name: 'files: appending, with offsets, by path only, a directory',
    steps: [
      ['open', '1', '@/file', 'wa'],
      ['open', '6', '@/file', 'r'],
      ['seek', '6', '7'],
      ['open', '0', '@/file', 'r'],
      ['seek', '0', '3'],
      ['open', '7', '@/file', 'p'],
      ['open', '8', '@', 'rd'],
    ].flat(),
    has: ['fd.0.offset: 3', 'fd.6.offset: 7'],
  },
  {
    name: 'a POSIX lock',
    steps: ['open', '3', '@/file', 'rw', 'lock', '3'],
    has: [],
  },

  // Environment and arguments.
  {
    name: 'an environment in an odd order, with odd names',
    steps: env(
      'Z=last comes first',
      'A=1',
      'A=2',
      'no-identifier=x',
      '1=digit',
      'a b=c',
      'dotted.name=y',
      'BASH_FUNC_f%%=() { echo; }',
      '=no name',
      'NOVALUE',
      '',
      'EMPTY=',
      'LINES=two\nlines',
      'IFS=/',
      'ENV=/nowhere',
      'BASH_ENV=/nowhere',
      'CDPATH=/',
      'PS4=`false`',
      withPath,
      'POSIXLY_CORRECT=1',
    ),
    has: ['environment: 20', 'environment.0: Z=last comes first', 'environment.9: NOVALUE'],
  },
  {
    name: 'PWD, OLDPWD, SHLVL and _ absent',
    steps: env(withPath),
    has: ['environment: 1'],
  },
  {
    name: 'PWD, OLDPWD, SHLVL and _ present, and wrong',
    steps: env('PWD=/nowhere', 'OLDPWD=/wrong', 'SHLVL=77', '_=/not/me', 'PPID=3', withPath),
    has: ['environment: 6', 'environment.3: _=/not/me'],
  },
  {
    name: 'PWD through a symlink-like spelling',
    // Not /tmp itself: other tests make directories there, and the report counts its links.
    steps: [...env('PWD=@/closed/..', withPath), 'cd', '@'],
    has: ['environment.0: PWD=@/closed/..', 'directory: @'],
  },
  {
    name: 'variables that Node would obey',
    steps: env(
      'NODE_OPTIONS=--require /nowhere/at/all.js --no-such-option',
      'NODE_PATH=/nowhere',
      'NODE_EXTRA_CA_CERTS=/nowhere',
      'NODE_V8_COVERAGE=@/coverage',
      'NODE_DEBUG=net,fs,module',
      'NODE_REDIRECT_WARNINGS=@/warnings',
      'NODE_REPL_HISTORY=x',
      'NODE_PENDING_DEPRECATION=1',
      'NODE_CHANNEL_FD=42',
      'NODE_UNIQUE_ID=1',
      'OPENSSL_CONF=/dev/zero',
      'SSL_CERT_FILE=/nowhere',
      'UV_THREADPOOL_SIZE=0',
      'UV_USE_IO_URING=1',
      'FORCE_COLOR=3',
      withPath,
    ),
    has: ['environment: 16', 'environment.8: NODE_CHANNEL_FD=42'],
  },
  {
    name: 'variables that seccomp-spoof uses itself',
    steps: env('SECCOMP_SPOOF_STATE=3', 'SECCOMP_SPOOF_CWD_FD=0', 'SECCOMP_SPOOF=1', withPath),
    has: ['environment: 4', 'environment.0: SECCOMP_SPOOF_STATE=3'],
  },
  {
    name: 'LD_LIBRARY_PATH and other words to the loader',
    steps: env('LD_LIBRARY_PATH=/nowhere', 'LD_BIND_NOW=1', 'MALLOC_ARENA_MAX=1', withPath),
    has: ['environment.0: LD_LIBRARY_PATH=/nowhere'],
  },
  {
    name: 'an environment of 300 KB',
    steps: ['no-env', 'env-many', '10', '30000', 'env', withPath],
    has: ['environment: 11'],
  },
  {
    name: 'an environment that is not UTF-8',
    steps: env('LATIN=\\xe9\\xff\\xfe', '\\xe9=name', 'LANG=C', withPath),
    has: ['environment.0: LATIN=\\xe9\\xff\\xfe', 'environment.1: \\xe9=name'],
  },
  {
    name: 'arguments: empty, not UTF-8, like options, with blanks and newlines',
    steps: [],
    arguments: ['', '\\xff\\xfe', '--', '--fstype', '-v', ' ', 'a\nb', '*', '$HOME', '', '1e3'],
    has: ['arguments: 13', 'argument.2: ', 'argument.3: \\xff\\xfe', 'argument.12: 1e3'],
  },
  {
    name: 'arguments of 1.5 MB',
    steps: [],
    arguments: Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i).repeat(125_000)),
    has: ['arguments: 14'],
  },

  // Places.
  { name: 'umask 077', steps: ['umask', '077'], has: ['umask: 077'] },
  { name: 'umask 777', steps: ['umask', '777'], has: ['umask: 777'] },
  { name: 'working directory /', steps: ['cd', '/'], has: ['directory: /'] },
  {
    name: 'working directory deleted',
    steps: ['cd-deleted', '@/deleted'],
    has: ['directory: ENOENT'],
  },
  {
    name: 'working directory deleted, and PWD says where it was',
    steps: ['cd-deleted', '@/deleted', 'env', 'PWD=@/deleted', 'env', withPath],
    has: ['directory: ENOENT'],
  },

  // Priorities, accounts, timers.
  { name: 'nice 5', steps: ['nice', '5'], has: ['nice: 5'] },
  { name: 'scheduler batch', steps: ['batch'], has: [] },
  { name: 'one processor only', steps: ['affinity', '1'], has: [] },
  { name: 'I/O priority idle', steps: ['io', '24576'], has: ['io-priority: 24576'] },
  { name: 'oom_score_adj 300', steps: ['oom', '300'], has: ['oom_score_adj: 300'] },
  { name: 'timer slack', steps: ['slack', '123456'], has: ['timer-slack: 123456'] },
  {
    name: 'interval timers',
    steps: ['timer', '0', '1000', 'timer', '1', '1000', 'timer', '2', '1000'],
    has: ['timer.real: armed interval=77.000000', 'timer.prof: armed interval=77.000000'],
  },

  // Children.
  {
    name: 'a child that has ended and was not waited for',
    steps: ['zombie', '7'],
    has: ['children: 1', 'wait: exited 7', 'wait: ECHILD'],
  },
  {
    name: 'a child that runs',
    steps: ['child'],
    has: ['children: 1', 'wait: still running'],
  },
  { name: 'a subreaper', steps: ['subreaper'], has: ['subreaper: 1', 'wait: ECHILD'] },
  {
    name: 'a session of its own',
    steps: ['fork', 'session'],
    has: [],
  },
  { name: 'a process group of its own', steps: ['group'], has: [] },
  {
    name: 'a parent-death signal',
    steps: ['death', '15'],
    has: ['parent-death-signal: 15'],
  },

  // Rights.
  {
    name: 'no_new_privs set before',
    steps: ['no-new-privs'],
    has: ['NoNewPrivs: 1'],
  },
  { name: 'a seccomp filter before', steps: ['filter'], has: ['Seccomp_filters: 1'] },
  { name: 'no huge pages', steps: ['no-huge-pages'], has: ['no-huge-pages: 1'] },
  {
    name: 'personality: no address randomisation',
    steps: ['personality', '0040000'],
    has: ['personality: 00040000'],
  },
  {
    name: 'personality: 32-bit machine name',
    steps: ['personality', '8'],
    has: ['personality: 00000008'],
  },
  {
    name: 'supplementary groups',
    steps: ['groups', '4242'],
    has: ['Groups: 4242 '],
  },
  {
    name: 'a bounding set without CAP_NET_RAW',
    steps: ['cap-bound', '13'],
    has: [],
  },
  {
    name: 'securebits and ambient capabilities',
    steps: ['caps', '2000', '2000', '2000', 'ambient', '13'],
    has: ['CapAmb: 0000000000002000'],
  },
  {
    name: 'securebits NOROOT, locked, with a few capabilities',
    steps: [
      ...['securebits', '3', 'caps', '200401', '200401', '200401'],
      ...['ambient', '21', 'ambient', '10', 'ambient', '0'],
    ],
    has: ['securebits: 3', 'CapEff: 0000000000200401'],
  },
  {
    name: 'root without CAP_SYS_ADMIN',
    steps: ['cap-bound', '21'],
    has: ['CapEff: 000001fffedfffff'],
  },
  {
    name: 'user 65534',
    steps: ['user', '65534', '65534'],
    has: ['CapEff: 0000000000000000', 'auxv.uid: 65534'],
  },
  {
    name: 'user 65534, in a directory that it may not read or search',
    steps: ['cd', '@/closed', 'user', '65534', '65534'],
    has: ['auxv.uid: 65534', 'directory: @/closed'],
  },
  {
    // A user of its own: the limit counts all tasks of the user, and other tests run as 65534.
    name: 'user 64646, a low soft limit of processes',
    steps: ['limit', '6', '4', '-', 'user', '64646', '64646'],
    has: ['auxv.uid: 64646'],
  },
  {
    name: 'user 65534, streams closed, SIGHUP ignored, umask 027, niced',
    steps: [
      ...['close', '0', 'close', '2', 'ignore', '1', 'umask', '027', 'nice', '7'],
      ...['user', '65534', '65534'],
    ],
    has: ['auxv.uid: 65534', 'fd.2: closed', 'nice: 7'],
  },
];

for (const setUp of setUps) {
  void t.test(setUp.name, async (test) => {
    await compare(test, setUp);
  });
}

void t.test('an empty environment', async (test) => {
  // Without PATH only the system's own directories are searched: for Node too.
  if (!existsSync('/usr/bin/node') && !existsSync('/bin/node')) {
    notApplicable(test, 'exec without PATH: node is not in /usr/bin');
    return;
  }
  await compare(test, { name: '', steps: ['no-env'], has: ['environment: 0'] });
});

void t.test('the documented differences are these, and no others', (test) => {
  const page = readFileSync(path.join(root, 'docs/exec.md'), 'utf8');
  const [, table = ''] = /^## Differences$([^]*?)^## /m.exec(page) ?? [];
  const named = [...table.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name]) => name);
  test.same(named, documented);
  const [, staying = ''] = /^## Where a parent stays$([^]*)/m.exec(page) ?? [];
  const cells = [...staying.matchAll(/^\| (`[^|]+) +\|/gm)].map(([, cell = '']) => cell);
  const facts = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, fact]) => fact));
  const known = documentedWhereAParentStays.filter((fact) => !fact.startsWith('pending.'));
  test.same(facts, [...known, 'pending.N']);
  test.end();
});
