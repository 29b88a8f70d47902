// `exec` as ExecStart of a Type=notify unit: a real systemd as PID 1 of its own namespaces where one
// can be started, and the protocol by hand everywhere.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import {
  environment,
  isProduct,
  native,
  notApplicable,
  notified,
  product,
  program,
  root,
  run,
  scratch,
  tmpfsAsExt4,
} from './helpers.js';
import { SILENCE_SECONDS } from '../support/silence.js';

const systemd = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].find((file) =>
  existsSync(file),
);
const command = [...product, ...tmpfsAsExt4];
const shownType = isProduct ? 'ef53' : '1021994';

void t.test(
  'the protocol by hand: READY=1 comes from the process that was started',
  async (test) => {
    const plain = await run([notified, 'watch', ...native, notified, 'once']);
    test.same([plain.status, plain.stdout], [7, 'READY=1 from the process started\n'], 'env');
    const end = await run([notified, 'watch', ...command, notified, 'once']);
    test.same(
      [end.status, end.stdout, end.stderr],
      [7, 'READY=1 from the process started\n', ''],
      'exec',
    );
  },
);

void t.test('the unit for k3s', async (test) => {
  const text = readFileSync(path.join(root, 'docs/k3s/k3s.service'), 'utf8');
  const file = path.join(scratch(test), 'k3s.service');
  // Of what is installed there it is seen whether it can be run.
  const [, installed = ''] = /^ExecStart=(\S+) exec k3s server$/m.exec(text) ?? [];
  test.equal(path.basename(installed), 'seccomp-spoof');
  const check = async (unit: string): Promise<string | undefined> => {
    writeFileSync(file, unit.replace(installed, program));
    const end = await run(['systemd-analyze', 'verify', file]);
    return end.status === 127 ? undefined : `${end.status} ${end.stderr}`;
  };
  const broken = await check(text.replace('KillMode=process', 'KillMode=none-at-all'));
  if (broken === undefined) notApplicable(test, 'systemd-analyze: none here');
  else test.match(broken, /kill mode/, 'it would say what is wrong');
  if (broken !== undefined) test.equal(await check(text), '0 ');
});

/** Runs inside: makes a cgroup, namespaces and mounts of its own, nothing of which outlives it. */
const outer = `
set -e
mount --make-rprivate /
mkdir "$PLACE/cgroup"
mount -t cgroup2 none "$PLACE/cgroup"
group=$PLACE/cgroup/seccomp-spoof-test-$$
mkdir "$group"
trap 'echo $$ >"$PLACE/cgroup/cgroup.procs"; find "$group" -depth -type d -exec rmdir {} +' EXIT
echo $$ >"$group/cgroup.procs"
set +e
unshare --fork --pid --mount --cgroup --uts --ipc --net --mount-proc --kill-child \\
    sh "$PLACE/inner.sh"
echo "manager=$?"
`;

const inner = `
set -e
mount --make-rprivate /
umount -l /sys/fs/cgroup 2>/dev/null || :
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
exec env -i container=other PATH="$PATH" SYSTEMD_UNIT_PATH="$PLACE/units" SYSTEMD_LOG_TARGET=console \\
    "$SYSTEMD" --system --unit=check.service --show-status=no
`;

const check = `
say() { echo "$@" >>"$PLACE/result"; }
show() { systemctl show -p "$1" "$2" >>"$PLACE/result"; }
systemctl start notify.service; say "start=$?"
show MainPID,ActiveState,SubState,StatusText notify.service
cat "$PLACE/served" >>"$PLACE/result"
systemctl stop notify.service; say "stop=$?"
show Result,ActiveState,ExecMainCode,ExecMainStatus notify.service
[ -e /sys/fs/cgroup/system.slice/notify.service ] && say "left behind" || say "nothing left"
systemctl start once.service
# It is ready before it ends, and --wait needs a bus.
until [ "$(systemctl show -p ActiveState --value once.service)" = failed ]; do :; done
show Result,ExecMainCode,ExecMainStatus once.service
systemctl start activated.socket
systemctl start activated.service; say "activated=$?"
cat "$PLACE/activated" >>"$PLACE/result"
`;

const unit = (...lines: readonly string[]): string =>
  ['[Unit]', 'DefaultDependencies=no', ...lines, ''].join('\n');
// Only to detect hangs: systemctl itself waits 25 seconds for an answer if nothing is said.
const limits = [`TimeoutStartSec=${SILENCE_SECONDS}`, `TimeoutStopSec=${SILENCE_SECONDS}`];
const patient = `Environment=SYSTEMD_BUS_TIMEOUT=${SILENCE_SECONDS}`;

void t.test('a real systemd', async (test) => {
  const place = scratch(test);
  const words = [...command, notified].join(' ');
  mkdirSync(path.join(place, 'units'));
  const files: Readonly<Record<string, string>> = {
    'outer.sh': outer,
    'inner.sh': inner,
    'check.sh': check,
    'units/notify.service': unit(
      ...['[Service]', 'Type=notify', 'NotifyAccess=main', ...limits],
      `Environment=PATH=${environment['PATH'] ?? ''}`,
      `ExecStart=${words} serve ${place}/served`,
    ),
    'units/once.service': unit(
      ...['[Service]', 'Type=notify', 'NotifyAccess=main', ...limits],
      `Environment=PATH=${environment['PATH'] ?? ''}`,
      `ExecStart=${words} once`,
    ),
    'units/activated.socket': unit('[Socket]', `ListenStream=${place}/socket`),
    'units/activated.service': unit(
      ...['[Service]', 'Type=oneshot', ...limits],
      `Environment=PATH=${environment['PATH'] ?? ''}`,
      `ExecStart=${command.join(' ')} /bin/sh ${place}/activated.sh`,
    ),
    'activated.sh': `test "$LISTEN_PID" = $$ && echo "LISTEN_FDS=$LISTEN_FDS $(readlink /proc/$$/fd/3 | cut -c 1-7)" >${place}/activated`,
    'units/check.service': unit(
      ...['SuccessAction=exit-force', 'FailureAction=exit-force'],
      ...['[Service]', 'Type=oneshot', 'TimeoutStartSec=infinity', patient],
      `Environment=PLACE=${place}`,
      `ExecStart=/bin/sh ${place}/check.sh`,
    ),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(place, name), text);
  const env = { ...environment, PLACE: place, SYSTEMD: systemd ?? '' };
  const namespaces = ['unshare', '--mount', '--kill-child', '--fork', 'sh', `${place}/outer.sh`];
  const end = systemd === undefined ? undefined : await run(namespaces, { env, cwd: '/' });
  const result = path.join(place, 'result');
  if (!existsSync(result)) {
    notApplicable(test, `a real systemd: ${end?.stderr.trim().split('\n').at(-1) ?? 'none here'}`);
    return;
  }
  const text = readFileSync(result, 'utf8');
  const fact = (name: string): readonly string[] =>
    [...text.matchAll(new RegExp(`^${name}[= ](.*)$`, 'gm'))].map(([, value = '']) => value);
  test.comment(text);
  test.same(fact('start'), ['0'], 'READY=1 is accepted from the main process');
  test.same(fact('SubState'), ['running']);
  test.same(fact('StatusText'), ['serving']);
  test.same(fact('pid'), fact('MainPID'), 'MainPID is the command itself');
  test.same(fact('type'), [shownType], 'and it sees what it should');
  test.same(fact('stop'), ['0']);
  test.same(fact('ActiveState'), ['active', 'inactive']);
  test.same(fact('Result'), ['success', 'exit-code'], 'stopped without a time limit');
  test.same(fact('ExecMainStatus'), ['0', '7'], 'the command’s own status');
  test.same(fact('nothing'), ['left'], 'no process is left in the cgroup of the unit');
  test.same(fact('activated'), ['0']);
  test.same(fact('LISTEN_FDS'), ['1 socket:'], 'socket activation');
  test.match(end?.stdout, /manager=0/, 'systemd ends well');
  test.notMatch(end?.stderr, /timed out|left-over|SIGKILL/i, 'and had nothing to complain about');
});
