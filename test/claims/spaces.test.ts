// Rules hold wherever a program sees a file of procfs, and say what it would see there itself; and on a
// filesystem that is its user's alone.
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { compile, mechanisms, needsRoot, place, run } from './helpers.js';

const skip = needsRoot;
const program = skip === false ? compile('spaces') : '';
const ownMounts = ['unshare', '--mount', '--propagation', 'private'];
const panic = '/proc/sys/kernel/panic';
const mounts = 'mounts: [{ when: { fstype: proc }, answer: { fstype: told } }]';

for (const mechanism of mechanisms) {
  const exec = (policy: string, words: readonly string[]): ReturnType<typeof run> =>
    run([...ownMounts, seccompSpoof, 'exec', '-m', mechanism, '-p', policy, '--', ...words]);

  for (const how of ['detached', 'tree'])
    void t.test(`a procfs that is mounted nowhere, ${how}, by ${mechanism}`, { skip }, (t) => {
      const rule = `{ path: ${panic}, content: "4711\\n", scope: all }`;
      const { directory, policy } = place(t, 'files', [rule], [mounts]);
      t.match(exec(policy, [program, how, directory]), { stdout: 'told 4711\n', stderr: '' });
      t.end();
    });

  void t.test(`a procfs of its own below another root, by ${mechanism}`, { skip }, (t) => {
    const { directory, policy } = place(
      t,
      'files',
      [`{ path: ${panic}, content: "1\\n" }`],
      [mounts],
    );
    const root = path.join(directory, 'root');
    mkdirSync(root);
    const script = `mount --rbind / ${root} && mount -t proc proc ${root}/proc &&
      exec chroot ${root} awk '$2 == "/proc" { type = $3 } END { print type }' /proc/mounts`;
    t.match(exec(policy, ['sh', '-c', script]), { stdout: 'told\n', stderr: '' });
    t.end();
  });

  void t.test(`a thread in a mount namespace of its own, by ${mechanism}`, { skip }, (t) => {
    const { directory, policy } = place(t, 'files', ['{ path: DIR/own/file, content: "told\\n" }']);
    mkdirSync(path.join(directory, 'own'));
    const words = [path.join(directory, 'own'), path.join(directory, 'own/file')];
    const { stdout, stderr } = exec(policy, [compile('moved'), ...words]);
    t.same([stdout, stderr], ['told\ntold\nits own\nits own\n', '']);
    t.end();
  });

  void t.test(`a pid namespace, by ${mechanism}`, { skip }, (t) => {
    const rule = "{ path: /proc/loadavg, rewrite: [{ match: '$', replace: ' told' }] }";
    const { policy } = place(t, 'files', [rule]);
    t.match(exec(policy, ['cat', '/proc/loadavg']), { stdout: / told\n$/, stderr: '' });
    // It ends with the youngest process of who reads; what cannot be told is as it is.
    const { stdout } = exec(policy, ['unshare', '--fork', '--pid', 'cat', '/proc/loadavg']);
    t.match(stdout, /[/]\d+ 1\n$/);
    t.end();
  });

  void t.test(`a cgroup namespace, by ${mechanism}`, { skip }, (t) => {
    const cgroups = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((directory) =>
      existsSync(path.join(directory, 'cgroup.controllers')),
    );
    const { directory, policy } = place(
      t,
      'files',
      [`{ path: ${panic}, content: "1\\n" }`],
      [mounts],
    );
    const own = path.join(cgroups ?? '', `seccomp-spoof-${process.pid}`);
    const mount = path.join(directory, 'cgroup');
    mkdirSync(mount);
    if (cgroups === undefined || run(['mkdir', own]).status !== 0) {
      t.comment('not applicable: no cgroup2 hierarchy that may be written');
      t.end();
      return;
    }
    t.teardown(() => {
      rmdirSync(own);
    });
    const script = `echo 0 > ${own}/cgroup.procs && exec unshare --cgroup sh -c '
      mount -t cgroup2 cgroup2 ${mount} &&
      awk -v point=${mount} "\\$5 == point { print \\$4 }" /proc/self/mountinfo'`;
    t.match(exec(policy, ['sh', '-c', script]), { stdout: '/\n', stderr: '' });
    t.end();
  });

  const withoutFuse = skip === false && !existsSync('/dev/fuse') ? 'there is no /dev/fuse' : skip;
  void t.test(
    `a FUSE filesystem of the user alone, by ${mechanism}`,
    { skip: withoutFuse },
    (t) => {
      const { directory, policy } = place(t, 'statfs', [
        '{ when: { type: fuse }, answer: { type: ext4 } }',
      ]);
      const mount = path.join(directory, 'mount');
      mkdirSync(mount);
      const { stdout, stderr } = exec(policy, [program, 'fuse', mount]);
      t.match([stdout, stderr], ['ef53 4711 ef53 4711 \n', '']);
      t.end();
    },
  );
}
