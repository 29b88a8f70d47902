// Yama's ptrace_scope on Linux 6.1: at 1 an ordinary user may read only descendants, and a parent
// stays; at 2 and 3 it is refused, with what to do.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { make, tmpfsAsExt4 } from '../bundle/helpers.js';
import { Guest, type GuestResult } from '../lanes/guest/guest.js';
import { saysAsOnThePage } from '../support/doctor.js';
import { examples } from '../support/examples.js';
import { root, seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';

const guest = new Guest();
const skip = guest.available() ?? false;
const spoof = quote(seccompSpoof);
const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --';
const users = { root: '', nobody } as const;
type User = keyof typeof users;
const mechanisms = ['notify', 'trace', 'ptrace'] as const;

mkdirSync(testBuild, { recursive: true });
const work = mkdtempSync(join(testBuild, 'yama-'));
t.teardown(() => {
  rmSync(work, { recursive: true, force: true });
});

/** The first command of the README, as it stands there, but for the building. */
const [first] = examples(readFileSync(join(root, 'README.md'), 'utf8'));
const [, command = ''] = /^npm ci && (dist\/seccomp-spoof .*)$/.exec(first?.command ?? '') ?? [];
const bundle = skip === false ? quote(await make('for-yama', ...tmpfsAsExt4)) : '';

/** Does the command have another process id than the one that was started? */
const inside = 'stat -f -c %T /dev/shm; test $$ = "$1" && echo in place || echo below; exit 3';

function script(scope: number, user: User): string {
  const runs = mechanisms.map(
    (mechanism) => `
      echo "= ${mechanism}"
      ${users[user]} sh -c ${quote(
        `exec ${spoof} exec -m ${mechanism} --fstype tmpfs=ext4 sh -c ${quote(inside)} sh $$`,
      )}
      echo "status $?"`,
  );
  return `
    set +e
    echo ${scope} >/proc/sys/kernel/yama/ptrace_scope
    cat /proc/sys/kernel/yama/ptrace_scope
    exec 2>&1
    ${runs.join('\n')}
    echo "= auto"
    ${users[user]} ${spoof} exec -v --fstype tmpfs=ext4 stat -f -c %T /dev/shm
    echo "= readme"
    (cd ${quote(root)} && ${users[user]} ${command})
    echo "= bundle"
    ${users[user]} sh -c ${quote(`exec ${bundle} -- sh -c ${quote(inside)} sh $$`)}
    echo "status $?"
    echo "= bundle --stay"
    ${users[user]} sh -c ${quote(`exec ${bundle} --stay -- sh -c ${quote(inside)} sh $$`)}
    echo "status $?"
    echo "= bundle --doctor"
    ${users[user]} ${bundle} --doctor
    echo "status $?"
    echo "= doctor"
    ${users[user]} ${spoof} doctor
    echo "status $?"
    echo "= daemon"
    mkfifo -m 666 /tmp/gate; exec 8<>/tmp/gate
    { ${users[user]} ${spoof} exec --fstype tmpfs=ext4 sh -c '(read x </tmp/gate; stat -f -c %T /dev/shm) & exit 4'
      echo "status $?"; echo go >&8; } | cat
    exec 8>&-; rm /tmp/gate`;
}

/** What was said below each heading. */
function parts({ stdout }: GuestResult): ReadonlyMap<string, string> {
  const [scope = '', ...rest] = stdout.split(/^= /m);
  const named = rest.map((text) => {
    const end = text.indexOf('\n');
    return [text.slice(0, end), text.slice(end + 1)] as const;
  });
  return new Map([['scope', scope.trim()], ...named]);
}

function works(test: Test, said: ReadonlyMap<string, string>, stays: readonly string[]): void {
  for (const mechanism of mechanisms) {
    const form = stays.includes(mechanism) ? 'below' : 'in place';
    test.equal(said.get(mechanism), `ext2/ext3\n${form}\nstatus 3\n`, mechanism);
  }
  test.match(said.get('auto'), /^seccomp-spoof: mechanism notify: stopped calls were received/m);
  test.match(said.get('auto'), /^ext2\/ext3$/m);
  test.equal(said.get('readme'), first?.output, 'the first command of the README');
  const place = stays.includes('notify') ? 'below' : 'in place';
  test.equal(said.get('bundle'), `ext2/ext3\n${place}\nstatus 3\n`, 'a bundle');
  test.equal(said.get('bundle --stay'), 'ext2/ext3\nbelow\nstatus 3\n', 'a bundle --stay');
  test.match(said.get('bundle --doctor'), /^this bundle works here\.\nstatus 0$/m);
  test.match(said.get('doctor'), /^mechanism: notify$/m);
  test.match(said.get('doctor'), /^status 0$/m);
  test.equal(said.get('daemon'), 'status 4\next2/ext3\n');
  const isStaying = stays.includes('notify');
  test.equal((said.get('auto') ?? '').includes('a parent stays'), isStaying, 'exec -v says so');
  for (const name of ['doctor', 'bundle --doctor'])
    test.equal(/^a parent stays: /m.test(said.get(name) ?? ''), isStaying, `${name} says so`);
}

function fails(test: Test, said: ReadonlyMap<string, string>, why: RegExp): void {
  for (const name of [...mechanisms, 'bundle', 'bundle --stay', 'doctor', 'bundle --doctor']) {
    test.match(said.get(name), why, name);
    test.match(said.get(name), name.endsWith('doctor') ? /^status 1$/m : /^status 125$/m, name);
  }
  test.match(said.get('auto'), /^seccomp-spoof: no mechanism works here \(notify: /m);
  test.match(said.get('auto'), why);
}

await t.test('ptrace_scope', { skip }, async (test) => {
  // 3 cannot be taken back.
  const cases: readonly { scope: number; user: User }[] = [
    { scope: 0, user: 'nobody' },
    { scope: 1, user: 'root' },
    { scope: 1, user: 'nobody' },
    { scope: 2, user: 'root' },
    { scope: 2, user: 'nobody' },
    { scope: 3, user: 'root' },
  ];
  const results = await guest.runAll(cases.map(({ scope, user }) => script(scope, user)));
  for (const [i, { scope, user }] of cases.entries()) {
    const result = results[i];
    await test.test(`${scope}, ${user}`, (subtest) => {
      const said = result === undefined ? new Map<string, string>() : parts(result);
      subtest.equal(said.get('scope'), String(scope));
      if (scope === 3) fails(subtest, said, /ptrace_scope is 3.*reboot/);
      else if (scope === 2 && user === 'nobody') fails(subtest, said, /ptrace_scope is 2.*sysctl/);
      else works(subtest, said, scope === 1 && user === 'nobody' ? ['notify'] : []);
      if (scope === 1 && user === 'nobody')
        saysAsOnThePage(subtest, 'Linux 6.1, ptrace_scope 1, nobody', said.get('doctor') ?? '');
      if (!subtest.passing()) subtest.comment(result?.stdout ?? 'no result');
      subtest.end();
    });
  }
});
