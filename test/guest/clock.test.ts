// The clock jumps, and the machine goes to sleep and wakes, while programs ask all the time below each
// mechanism: every answer stays right (test/kill/load.c checks them), and logs can be read.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { buildKillTools } from '../inplace/helpers.js';
import { keptPolicy, type Tally } from '../kill/load.js';
import { Guest } from '../lanes/guest/guest.js';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';

const guest = new Guest();
const skip = guest.available() ?? false;
const mechanisms = ['notify', 'trace', 'ptrace'] as const;
const JUMPS = 10;

mkdirSync(testBuild, { recursive: true });
const work = mkdtempSync(join(testBuild, 'clock-'));
t.teardown(() => {
  rmSync(work, { recursive: true, force: true });
});
const [load, policy] = [join(work, 'load'), join(work, 'policy.yaml')];
writeFileSync(policy, keptPolicy);

/** Of the load: goes, stops, and both are told. */
const during = (what: string): string => `
    echo go >&8; ${what}
    echo stop >&8; until read line <&9 && echo "$line" && test "$line" = stopped; do :; done`;

/** Past and future, and back. */
const jump = `now=$(date +%s); for i in $(seq ${JUMPS}); do
      date -s @86400; date -s @4000000000; date -s @$now; done >/dev/null`;
/**
 * As far as all processes are frozen, for a second. By `notify` the kernel cannot freeze a program whose call
 * is in hand while the supervisor is frozen already (docs/limits.md): one try, and it may refuse.
 */
const sleep = (mechanism: string): string =>
  mechanism === 'notify'
    ? 'echo mem >/sys/power/state || echo "it was not put to sleep"'
    : 'until echo mem >/sys/power/state; do :; done';

const below = (mechanism: string): string => `
    echo "= ${mechanism}"
    mkdir /tmp/${mechanism}; cd /tmp/${mechanism}; mkfifo in out; exec 8<>in 9<>out
    ${quote(seccompSpoof)} exec -q -m ${mechanism} -p ${quote(policy)} --fstype tmpfs=ext4 \\
      --log-level trace --log-file log ${quote(load)} \\
      $(stat -f -c '%s %l' /dev/shm) stop - - <in >out 8>&- 9>&- &
    read line <&9; echo "$line"
    ${during(jump)}
    ${during(sleep(mechanism))}
    kill -0 $! && echo lives`;

/** Each line of a log but the last, which may be about to be written. */
const logs = `
    echo '= logs'
    node -e 'for (const log of process.argv.slice(1)) { const lines = fs.readFileSync(log, "utf8").split("\\n").slice(0, -1);
      for (const line of lines) JSON.parse(line);
      console.log(log, lines.length); }' ${mechanisms.map((name) => `/tmp/${name}/log`).join(' ')}`;

await t.test('clock and sleep', { skip }, async (test) => {
  copyFileSync(join(buildKillTools(), 'load'), load);
  const script = `
    set +e
    echo freezer >/sys/power/pm_test; echo 1 >/sys/module/suspend/parameters/pm_test_delay
    grep -o '.freezer.' /sys/power/pm_test
    ${mechanisms.map(below).join('\n')}
    ${logs}
    exit 0`;
  const { status, stdout, stderr } = await guest.run(script, { version: '9p2000.u' });
  test.equal(status, 0, stderr);
  const [told = '', ofLogs = ''] = stdout.split('= logs\n');
  const [first, ...parts] = told.split(/^= /m);
  test.equal(first, '[freezer]\n', 'the kernel can be told to go to sleep');
  test.equal(parts.length, mechanisms.length, stdout);
  for (const part of parts) {
    const [mechanism = '', ready, ...lines] = part.trim().split('\n');
    test.equal(ready, 'ready', `${mechanism}: ${stderr}`);
    const tallies = lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Tally);
    test.equal(tallies.length, 2, `${mechanism}: ${lines.join('; ')}`);
    for (const tally of tallies) {
      test.match(tally, { native: 0, wrong: 0 }, `${mechanism}: ${stderr}`);
      test.ok(tally.calls > 0, `${mechanism}: ${tally.calls} calls`);
    }
    test.same(lines.at(-1), 'lives', mechanism);
    const logged = Number(new RegExp(`/${mechanism}/log (\\d+)`).exec(ofLogs)?.[1]);
    test.ok(logged > 100, `${mechanism}: ${logged} lines of its log are whole: ${ofLogs}${stderr}`);
    test.comment(`${mechanism}: ${lines.find((line) => line.includes('sleep')) ?? 'it slept'}`);
  }
});
