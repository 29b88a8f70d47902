// Parameters of policies: what a value may be, where it stands, and that it is never a pattern.
import { join } from 'node:path';

import t, { type Test as Tap } from 'tap';

import { UsageError } from '../../src/errors.js';
import { matchFile, matchStatfs, ruleName } from '../../src/native/policy.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { mergePolicies, resolvePolicy } from '../../src/policy/index.js';
import { PolicyLoader } from '../../src/policy/load.js';
import { builtPolicies, PACKAGE_DIRECTORY } from '../../src/policy/locations.js';
import { fromJson, toJson } from '../../src/policy/normalised.js';
import { fillNamed, parseDirectory, withPlaceholders } from '../../src/policy/parameters.js';
import { PolicyError } from '../../src/policy/problem.js';
import { parametersOf } from '../../src/policy/set.js';
import { loadPolicy } from '../../src/run/load-policy.js';
import { suggestedFor, USUAL } from '../../src/programs/suggested.js';

const HEAD = 'apiVersion: seccomp-spoof/v1\n';
const shipped = builtPolicies(join(PACKAGE_DIRECTORY, 'dist/policies'));
const locations = { shipped, directories: [] };

const P9 = 0x01021997n;

/** The file of a policy in a directory of the test. */
function fileOf(t: Pick<Tap, 'testdir'>, files: Record<string, string>): (name: string) => string {
  const root = t.testdir(
    Object.fromEntries(
      Object.entries(files).map(([name, text]) => [
        `${name}.yaml`,
        `${HEAD}name: ${name}\n${text}`,
      ]),
    ),
  );
  return (name) => join(root, `${name}.yaml`);
}

const merged = async (file: string, parameters: Record<string, string> = {}) =>
  mergePolicies({ policies: [file], fstypes: [], parameters, locations });

async function pathsOf(file: string, parameters?: Record<string, string>): Promise<string[]> {
  const { policy } = await merged(file, parameters);
  return policy.statfs.flatMap(({ when }) => when.paths);
}

async function problemsOf(file: string, parameters?: Record<string, string>): Promise<string> {
  const error = await merged(file, parameters).catch((error: unknown) => error);
  t.type(error, PolicyError);
  return String(error);
}

const RULE = '    answer: { type: ext4 }\n';
const ONE = `parameters: { data: { default: /srv/data } }
statfs:
  - when: { type: 9p, path: '\${data}/**' }
${RULE}`;

void t.test('values are absolute paths below the root', (t) => {
  for (const [text, value] of [
    ['/a', '/a'],
    ['/a/b/', '/a/b'],
    ['//a///b', '/a/b'],
    ['/a b/ä', '/a b/ä'],
    ['/{a,b}/[c]/*?\\', '/{a,b}/[c]/*?\\'],
    ['/${data}/x', '/${data}/x'],
    ['/...', '/...'],
  ] as const) {
    t.same(parseDirectory(text), { ok: true, value }, text);
  }
  for (const text of [
    '',
    'a',
    './a',
    '~/a',
    '$HOME',
    '/',
    '///',
    '/a/../b',
    '/.',
    '/a/..',
    '/a\nb',
    '/a\0',
    '/\x01data\x02',
    `/${'a'.repeat(1024)}`,
  ]) {
    const parsed = parseDirectory(text);
    t.notOk(parsed.ok, JSON.stringify(text));
    t.ok(!parsed.ok && parsed.suggestion, 'and what to write');
  }
  t.end();
});

void t.test('where a parameter may stand', (t) => {
  for (const text of [
    '${a}',
    '${a}/**',
    '/host${a_1}/x',
    '{${a},/b}/x',
    '${a.parents}',
    '/$x',
    '/${a,b}',
    '/\\${a,b}',
    '/a$',
  ]) {
    t.ok(withPlaceholders(text, true).ok, text);
  }
  for (const [text, message] of [
    ['/x/${a}', /begins with a slash itself/],
    ['${A}', /names no parameter/],
    ['${}', /names no parameter/],
    ['${a.b}', /names no parameter/],
    ['${HOME}/x', /names no parameter/],
    ['${a.parents}/x', /several directories/],
    ['/x${a.parents}', /several directories/],
  ] as const) {
    t.match(withPlaceholders(text, true), { ok: false, message }, text);
  }
  t.match(withPlaceholders('${a.parents}', false), { ok: false }, 'a redirect leads to one place');
  t.end();
});

void t.test('a value takes the place of the default', async (t) => {
  const file = fileOf(t, {
    one: ONE,
    all: `parameters: { data: { default: /srv/data, description: it } }
statfs:
  - when: { path: ['\${data.parents}', '/host{,2}\${data}/x', /other] }
    except: { path: '\${data}/not' }
${RULE}mounts:
  - when: { fstype: 9p, path: '\${data}' }
    except: { path: '\${data.parents}' }
    answer: { fstype: ext4 }
files:
  - path: '\${data}/file'
    redirect: '/moved\${data}/file'
`,
  });
  t.same(await pathsOf(file('one')), ['/srv/data/**']);
  t.same(await pathsOf(file('one'), { data: '/fuse/k3s' }), ['/fuse/k3s/**']);
  const { policy, parameters } = await merged(file('all'), { data: '/a/b' });
  t.match(policy.statfs, [
    {
      when: { paths: ['/', '/a', '/host/a/b/x', '/host2/a/b/x', '/other'] },
      except: { paths: ['/a/b/not'] },
    },
  ]);
  t.match(policy.mounts, [{ when: { paths: ['/a/b'] }, except: { paths: ['/', '/a'] } }]);
  t.match(policy.files, [
    { when: { paths: ['/a/b/file'] }, answer: { redirect: '/moved/a/b/file' } },
  ]);
  t.match(parameters, [{ name: 'data', default: '/srv/data', value: '/a/b', description: 'it' }]);
});

void t.test('a value is never a pattern', async (t) => {
  const file = fileOf(t, { one: ONE });
  for (const [value, other] of [
    ['/a*', '/ab'],
    ['/**', '/ab'],
    ['/a?', '/ab'],
    ['/{ab,cd}', '/ab'],
    ['/[ab]', '/a'],
    ['/a\\*', '/a*'],
    ['/$&', '/x'],
    ['/${data}', '/srv/data'],
  ] as const) {
    const { blob } = await resolvePolicy({
      policies: [file('one')],
      fstypes: [],
      parameters: { data: value },
      locations,
    });
    t.ok(matchStatfs(blob, P9, value), `${value} itself`);
    t.ok(matchStatfs(blob, P9, `${value}/x/y`), 'and below');
    t.notOk(matchStatfs(blob, P9, other), `not ${other}`);
    t.notOk(matchStatfs(blob, P9, `${other}/x`), `nor below ${other}`);
  }
});

void t.test('what is not declared, has no value, or is none', async (t) => {
  const file = fileOf(t, {
    unknown: `parameters: { data: { default: /a } }\nstatfs:\n  - when: { path: '\${dat}/x' }\n${RULE}`,
    none: `statfs:\n  - when: { path: ['/b', '\${data}'] }\n${RULE}`,
    required: `parameters: { data: {} }\nstatfs:\n  - when: { path: '\${data}' }\n${RULE}`,
    name: `parameters: { Data: { default: /a } }\n`,
    wrong: `parameters:\n  b: { default: a }\n  c: { defualt: /a }\n`,
    circle: `parameters: { data: { default: /a } }\nfiles:\n  - path: /srv/**\n    redirect: '\${data}/x'\n`,
  });
  t.match(
    await problemsOf(file('unknown')),
    /unknown\.yaml:5:19: there is no parameter dat; did you mean data\?/,
  );
  t.match(await problemsOf(file('none')), /there is no parameter data; write parameters: \{ data:/);
  t.match(
    await problemsOf(file('required')),
    /required\.yaml:3:15: the parameter data has no value; say --set data=/,
  );
  t.same(await pathsOf(file('required'), { data: '/x' }), ['/x']);
  const wrong = await problemsOf(file('wrong'));
  t.match(await problemsOf(file('name')), /"Data" is not the name of a parameter; /);
  t.match(wrong, /:4:17: "a" is no absolute path; write it in full: \/DIRECTORY\/a/);
  t.match(wrong, /"defualt" is not a key here; did you mean default\?/);
  t.equal((await merged(file('circle'))).policy.files.length, 1);
  t.match(
    await problemsOf(file('circle'), { data: '/srv' }),
    /\/srv\/x lies in \/srv\/\*\* itself/,
  );
  for (const name of ['dta', 'other', '__proto__', 'constructor']) {
    await t.rejects(merged(file('required'), { data: '/x', [name]: '/y' }), UsageError, name);
  }
});

void t.test('what --set is given', (t) => {
  t.same(parametersOf(['a=/x', 'b=/y=z', 'a=/w/']), { a: '/w', b: '/y=z' });
  for (const option of ['', 'a', 'a=', '=/x', 'A=/x', 'a=x', 'a =/x', 'a=/', 'a=/x/../y']) {
    t.throws(() => parametersOf([option]), UsageError, option);
  }
  t.end();
});

void t.test('of two rules that a value makes one, the first one counts', async (t) => {
  const file = fileOf(t, {
    two: `parameters: { data: { default: /data } }
statfs:
  - when: { type: 9p, path: /srv }
    answer: { type: xfs }
  - when: { type: 9p, path: '\${data}' }
${RULE}`,
  });
  const request = { policies: [file('two')], fstypes: [], locations };
  const { blob } = await resolvePolicy({ ...request, parameters: { data: '/srv' } });
  t.equal(matchStatfs(blob, P9, '/srv')?.name, 'two/statfs/1');
});

void t.test('policies that extend others', async (t) => {
  const file = fileOf(t, {
    one: ONE,
    // Its own rule speaks of the same place, and replaces the inherited one there.
    same: `extends: [./one.yaml]\nstatfs:\n  - when: { type: 9p, path: /fuse/** }\n    answer: { type: xfs }\n`,
    uses: `extends: [./one.yaml]\nstatfs:\n  - when: { path: '\${data}/own' }\n${RULE}`,
    other: `extends: [./one.yaml]\nparameters: { data: { default: /other } }\n`,
    open: `extends: [./other.yaml]\nparameters: { data: { description: told } }\n`,
    both: `extends: [./one.yaml, ./other.yaml]\n`,
    k3s: `extends: [k3s]\nparameters: { data_dir: { default: /fuse/k3s } }\n`,
  });
  t.same(await pathsOf(file('same')), ['/fuse/**', '/srv/data/**']);
  t.same(await pathsOf(file('same'), { data: '/fuse' }), ['/fuse/**']);
  t.same(await pathsOf(file('uses'), { data: '/x' }), ['/x/own', '/x/**']);
  t.same(await pathsOf(file('other')), ['/other/**'], 'a default of its own');
  t.same(await pathsOf(file('other'), { data: '/x' }), ['/x/**']);
  t.same(await pathsOf(file('open')), ['/other/**']);
  t.match((await merged(file('open'))).parameters, [{ value: '/other', description: 'told' }]);
  t.same(await pathsOf(file('both')), ['/other/**', '/srv/data/**']);
  const { policy } = await merged(file('k3s'));
  t.ok(policy.mounts[0]?.when.paths.includes('/fuse/k3s/**'));
  t.notOk(policy.mounts[0]?.when.paths.includes('/var/lib/rancher/k3s/**'));
});

void t.test('policies of this package', async (t) => {
  const request = { policies: ['k3s'], fstypes: [], locations };
  const plain = await resolvePolicy(request);
  for (const parameters of [{}, { data_dir: '/var/lib/rancher/k3s' }]) {
    const again = await resolvePolicy({ ...request, parameters });
    t.equal(again.isShipped, true, 'as it came');
    t.same(again.blob, plain.blob);
  }
  const suggested = { data_dir: '/fuse/k3s', nobody: '/x' };
  const other = await resolvePolicy({ ...request, suggested });
  t.match(other.parameters, [{ name: 'data_dir', value: '/fuse/k3s' }, { name: 'kubelet_dir' }]);
  t.ok(other.policy.mounts[0]?.when.paths.includes('/fuse'));
  const given = await resolvePolicy({ ...request, suggested, parameters: { data_dir: '/given' } });
  t.match(given.parameters, [{ value: '/given' }, {}], 'what is given counts more');
  await t.rejects(resolvePolicy({ ...request, parameters: { data: '/x' } }), UsageError);
  for (const name of shipped.names()) {
    const named = shipped.read(name);
    if (named === undefined) continue;
    t.same(fromJson(toJson(named)), named, name);
    const filled = fillNamed(named, new Map());
    t.same(
      compilePolicy(filled.policy, name),
      shipped.blob(name),
      `${name}: the defaults are built`,
    );
    for (const { name: each, default: usual } of named.parameters ?? []) {
      t.equal(usual, USUAL[each], `${name}: the default is what the program has`);
    }
  }
  // A loader that is to know no values keeps what stands for them.
  const keeping = new PolicyLoader(locations, { keepPlaceholders: true, insecure: true });
  t.match(keeping.load('k3s', '/').parameters, [{ value: undefined }, {}]);
  t.same(await suggestedFor(['ls', 'server', '--data-dir=/x']), {});
});

void t.test('the library', async (t) => {
  const policy = {
    apiVersion: 'seccomp-spoof/v1',
    name: 'mine',
    parameters: { place: { default: '/srv' } },
    files: [{ path: '${place}/file', content: 'told' }],
  };
  for (const parameters of [{ place: '/else' }, 'place=/else', ['place=/x', 'place=/else']]) {
    const { blob } = await loadPolicy({ policy, parameters });
    const rule = matchFile(blob, '/else/file');
    t.equal(rule === undefined ? rule : ruleName(blob, rule), 'mine/files/1');
    t.equal(matchFile(blob, '/srv/file'), undefined);
  }
  await t.rejects(loadPolicy({ policy, parameters: { place: 'else' } }), UsageError);
  await t.rejects(loadPolicy({ policy, parameters: { plce: '/x' } }), /did you mean place\?/);
  const wrong = { policy, parameters: 1 } as unknown as Parameters<typeof loadPolicy>[0];
  await t.rejects(loadPolicy(wrong), /parameters is 1; it has to be a text as 'data_dir=/);
});
