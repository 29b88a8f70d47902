// What a program may give to the library, and what is refused before anything is opened or started.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';

import {
  choosePolicy,
  loadPolicy,
  PolicyError,
  spawn,
  UsageError,
  type PolicySource,
  type SpawnOptions,
} from '../../src/index.js';

/** What no TypeScript would let through. */
type Anything = never;

/** Children of this process, dead ones included: nothing is started, not even for a moment. */
const children = (): string => readFileSync('/proc/thread-self/children', 'utf8');
const openFiles = (): number => readdirSync('/proc/self/fd').length;

const REFUSED: readonly (readonly [options: Record<string, unknown>, said: RegExp])[] = [
  [{ mechanism: 'foo' }, /mechanism is "foo"; it has to be one of auto, notify, trace, ptrace$/],
  [{ mechanism: 'notfy' }, /did you mean notify\?/],
  [{ mechanism: null }, /mechanism is null; /],
  [{ mechanism: ['auto'] }, /mechanism is a list; /],
  [{ inline: true }, /inline is true; it has to be one of off, auto, always/],
  [{ logLevel: 'debug', logFile: '/dev/null' }, /logLevel is "debug"; .*one of info, trace/],
  [{ logLevel: 'debug' }, /logLevel/],
  [{ logFile: 3 }, /logFile is 3; it has to be a text/],
  [{ fstype: 9 }, /fstype is 9; /],
  [{ fstype: null }, /fstype is null; /],
  [{ fstype: [['9p', 'ext4']] }, /fstype is a list; /],
  [{ fstype: { '9p': 1 } }, /fstype is of type object; /],
  [{ fstype: new Map([['9p', 'ext4']]) }, /fstype is of type object; /],
  [{ fstype: 'nonsense' }, /nonsense/],
  [{ policy: 5 }, /policy is 5; it has to be a name, a file, a policy as an object, or a list/],
  [{ policy: null }, /policy is null; /],
  [{ policy: ['k3s', 5] }, /policy is a list; /],
  [{ policy: new Date() }, /policy is of type object; /],
  [{ policy: { blob: 'text' } }, /policy is not what loadPolicy\(\) gave: it has no blob; /],
  [{ policy: { blob: new Uint8Array(9) } }, /policy is not what loadPolicy\(\) gave: .+; /],
  [{ insecurePolicy: 'yes' }, /insecurePolicy is "yes"; it has to be true or false/],
  [{ shell: true }, /no option shell; no shell is started: give the command 'sh'/],
  [{ shell: false }, /no option shell; /],
  [{ argv0: 'x' }, /no option argv0; give a command that sets it/],
  [{ noSuchOption: undefined }, /no option noSuchOption; known are policy, /],
  [{ polciy: 'k3s' }, /no option polciy; did you mean policy\?/],
  [{ constructor: 1 }, /no option constructor; /],
  [{ stdio: 'all' }, /stdio is "all"; it has to be one of pipe, overlapped, ignore, inherit/],
  [{ stdio: 1 }, /stdio is 1; /],
  [{ stdio: ['pipe', 'nothing'] }, /^spawn: .*nothing/],
  [{ env: 'A=b' }, /env is "A=b"; it has to be an object/],
  [{ env: ['A=b'] }, /env is a list; /],
  [{ cwd: 5 }, /cwd/],
  [{ uid: 'root' }, /uid/],
  [{ gid: 1.5 }, /gid/],
  [{ detached: 'yes' }, /detached/],
  [{ signal: {} }, /signal is of type object; it has to be an AbortSignal/],
  [{ killSignal: 'SIGNOTHING' }, /SIGNOTHING/],
  [{ timeout: -1 }, /timeout/],
  [{ serialization: 'xml' }, /serialization/],
];

void t.test('spawn refuses what it does not understand', async (t) => {
  await loadPolicy(); // loads the library, which stays open
  const before = openFiles();
  for (const [options, said] of REFUSED) {
    const given: unknown = { stdio: 'ignore', ...options };
    const name = JSON.stringify(options);
    await t.rejects(spawn('true', [], given as SpawnOptions), { name: 'UsageError' }, name);
    await t.rejects(spawn('true', [], given as SpawnOptions), { message: said }, name);
  }
  for (const options of [null, 5, 'text', [], new Map()])
    await t.rejects(spawn('true', [], options as Anything), UsageError);
  for (const words of [[5], [undefined], ['true', 'a b'], ['true', [5]], ['true', { cwd: '/' }]])
    await t.rejects(spawn(...(words as [Anything, Anything])), UsageError, JSON.stringify(words));
  await t.rejects(spawn('true', ['a\0b']), UsageError, 'no argument has a NUL character');
  const policy = await loadPolicy();
  await t.rejects(spawn('true', [], { policy, insecurePolicy: true }), /has no effect/);
  t.equal(children(), '');
  t.equal(openFiles(), before);
});

void t.test('so do the others', async (t) => {
  for (const [options, said] of [
    [{ polcy: 'k3s' }, /^loadPolicy has no option polcy; did you mean policy\?/],
    [{ mechanism: 'auto' }, /^loadPolicy has no option mechanism; /],
    [{ baseDirectory: 5 }, /^loadPolicy: baseDirectory is 5; /],
    [{ policy: 5 }, /^loadPolicy: policy is 5; /],
    [{ fstype: true }, /^loadPolicy: fstype is true; /],
    ['k3s', /^loadPolicy: the options are "k3s"; write an object/],
    [null, /^loadPolicy: the options are null; /],
  ] as const) {
    await t.rejects(loadPolicy(options as Anything), { name: 'UsageError', message: said });
  }
  t.throws(() => choosePolicy(undefined as Anything), UsageError);
  t.throws(() => choosePolicy('k3s', 'windows' as Anything), UsageError);
  t.match(choosePolicy('k3s', 'gvisor'), { policy: 'k3s-gvisor' });
});

const ROOT_AS_XFS = {
  apiVersion: 'seccomp-spoof/v1',
  name: 'mine',
  statfs: [{ when: { type: 'proc' }, answer: { type: 'xfs', blocks: 5 } }],
};

async function typeOfProc(policy: SpawnOptions['policy']): Promise<string> {
  const child = await spawn('stat', ['-f', '-c', '%t', '/proc'], { policy });
  const said = child.stdout === null ? '' : text(child.stdout);
  await once(child, 'exit');
  return said;
}

void t.test('a policy may be an object', async (t) => {
  t.equal(await typeOfProc(ROOT_AS_XFS), '58465342\n');
  const numbers = { ...ROOT_AS_XFS, statfs: [{ when: { type: 0x9fa0 }, answer: { type: 1n } }] };
  t.equal(await typeOfProc(numbers), '1\n', 'a type may be a number');
  const upper = {
    ...numbers,
    name: 'upper',
    statfs: [{ when: { type: ['proc'] }, answer: { type: 2 } }],
  };
  t.equal(await typeOfProc([ROOT_AS_XFS, 'k3s', upper]), '2\n', 'a later one beats an earlier one');
  const bare = Object.assign(Object.create(null), ROOT_AS_XFS) as typeof ROOT_AS_XFS;
  t.equal(
    await typeOfProc({ ...bare, extends: ['9p-as-ext4'], description: undefined }),
    '58465342\n',
  );
  const { names, policy } = await loadPolicy({ policy: [ROOT_AS_XFS, upper] });
  t.same(names, ['mine', 'upper']);
  t.equal(policy.statfs[0]?.origin, 'policy[1].statfs[0]');
});

void t.test('its relative paths start at baseDirectory', async (t) => {
  const directory = t.testdir({
    'base.yaml': 'apiVersion: seccomp-spoof/v1\nname: base\n',
    content: 'text',
    policy: '',
  });
  const policy = {
    ...ROOT_AS_XFS,
    extends: ['./base.yaml'],
    files: [{ path: '/x', contentFile: 'content', mode: '0600' }],
  };
  const loaded = await loadPolicy({ policy, baseDirectory: directory });
  t.match(loaded.policy.files, [{ answer: { contentFile: path.join(directory, 'content') } }]);
  await t.rejects(loadPolicy({ policy }), {
    message: /^policy\.files\[0\]\.contentFile: the file /,
  });
  await t.rejects(
    loadPolicy({ policy: { ...policy, extends: ['./policy'] }, baseDirectory: directory }),
    {
      message: /^policy:1:1: expected a policy/,
    },
  );
});

const circle: Record<string, unknown> = { ...ROOT_AS_XFS };
circle['files'] = [circle];

const FAULTS: readonly (readonly [policy: PolicySource | PolicySource[], said: string | RegExp])[] =
  [
    [{}, 'policy.apiVersion: the key "apiVersion" is missing; write apiVersion: seccomp-spoof/v1'],
    [{ rules: [] }, /^policy\.rules: "rules" is not a key here; /m],
    [[ROOT_AS_XFS, {}], /^policy\[1\]\.name: the key "name" is missing; /m],
    [
      { ...ROOT_AS_XFS, statfs: [{ when: { type: 'exf4' }, answer: { type: 'xfs' } }] },
      'policy.statfs[0].when.type: "exf4" is not a known filesystem; did you mean ext4?',
    ],
    [
      { ...ROOT_AS_XFS, statfs: [{ when: { type: 1.5 }, answer: { type: 'xfs' } }] },
      /^policy\.statfs\[0\]\.when\.type: "1\.5" /,
    ],
    [
      { ...ROOT_AS_XFS, statfs: [{ when: { type: -1 }, answer: { type: 'xfs' } }] },
      /^policy\.statfs\[0\]\.when\.type: "-1" /,
    ],
    [
      { ...ROOT_AS_XFS, files: [{ path: '/x', content: Buffer.from('bytes') }] },
      /^policy\.files\[0\]\.content: expected a text, found a map; /,
    ],
    [
      { ...ROOT_AS_XFS, files: [{ path: '/x', content: 'text', mode: 0o644 }] },
      /^policy\.files\[0\]\.mode: .+; /,
    ],
    [
      { ...ROOT_AS_XFS, files: [{ path: '/x', rewrite: [{ match: '(', replace: '' }] }] },
      /^policy\.files\[0\]\.rewrite\[0\]\.match: "\(" is no POSIX extended regular expression; /,
    ],
    [
      {
        ...ROOT_AS_XFS,
        files: [
          { path: '/x', content: 'a' },
          { path: '/x', content: 'b' },
        ],
      },
      /^policy\.files\[1\]\.path: a rule for path \/x stands at policy\.files\[0\] already; /,
    ],
    [{ ...ROOT_AS_XFS, name: () => 'mine' }, /^policy\.name: expected a name, found /],
    [{ ...ROOT_AS_XFS, remove: ['mine/1'] }, /^policy\.remove\[0\]: no inherited rule is called /],
    [circle, /^policy\.files\[0\]\.apiVersion: "apiVersion" is not a key here; /m],
    [
      [ROOT_AS_XFS, { ...ROOT_AS_XFS }],
      /^two rules are called mine\/statfs\/1: policy\[0\]\.statfs\[0\] and /,
    ],
  ];

void t.test('faults of an object have their places', async (t) => {
  for (const [policy, said] of FAULTS) {
    const error: unknown = await loadPolicy({ policy }).catch((fault: unknown) => fault);
    t.type(error, PolicyError);
    const { message, problems } = error as PolicyError;
    t.match(message, said);
    if (problems[0]?.path !== undefined) t.ok(message.startsWith(problems[0].path));
    await t.rejects(spawn('true', [], { policy }), PolicyError);
  }
  t.equal(children(), '');
});
