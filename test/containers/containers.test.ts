// docs/containers.md: its image with a bundle is made, and each of its lines is run, by podman.
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { make, MECHANISMS, tmpfsAsExt4 } from '../bundle/helpers.js';
import {
  blocks,
  compileTold,
  contexts,
  imageNames,
  lines,
  page,
  runLines,
  TOLD,
  TRUTH,
} from './page.js';
import { missing, missingFor, Podman } from './podman.js';

interface Pod {
  readonly spec: {
    readonly containers: readonly {
      readonly securityContext: {
        readonly runAsUser: number;
        readonly allowPrivilegeEscalation: boolean;
        readonly readOnlyRootFilesystem: boolean;
        readonly capabilities: { readonly drop: readonly string[] };
      };
    }[];
  };
}

/** What kubelet makes of a pod. Its profile, RuntimeDefault, is the default here. */
function ofPod({ spec }: Pod): readonly string[] {
  return spec.containers.flatMap(({ securityContext: context }) => [
    ...['--user', `${context.runAsUser}`],
    ...(context.readOnlyRootFilesystem ? ['--read-only'] : []),
    ...(context.allowPrivilegeEscalation ? [] : ['--security-opt', 'no-new-privileges']),
    ...context.capabilities.drop.flatMap((name) => ['--cap-drop', name]),
  ]);
}

/** The image of the page, and a podman that has it. */
async function withImage(t: Test, name: string, options = {}): Promise<Podman> {
  const podman = new Podman(t, options);
  const context = t.testdir({ Dockerfile: blocks('Dockerfile')[0] ?? '' });
  const [, words = ''] = /^seccomp-spoof bundle (.*) -o spoof\n$/.exec(blocks('sh')[0] ?? '') ?? [];
  copyFileSync(await make(name, ...words.split(' ')), path.join(context, 'spoof'));
  compileTold(t, context);
  podman.build(imageNames()[0] ?? '', context);
  return podman;
}

await t.test('the page', { skip: missing() }, async (t) => {
  const podman = await withImage(t, 'containers');

  const found = lines('app');
  t.ok(found.length > 7, `${found.length} lines`);
  const known = [...imageNames(), ...imageNames().flatMap(lines)];
  t.equal(known.length, page.match(/^\$ /gm)?.length, 'all are run, here or in package.test.ts');
  runLines(t, podman, found);

  const inPod = ofPod(parse(blocks('yaml')[1] ?? '') as Pod);
  for (const options of [...contexts(), inPod])
    for (const mechanism of MECHANISMS) {
      const command = [...options, '--entrypoint', '/spoof', 'app', '-m', mechanism, '/told'];
      const ended = podman.run(['--rm', ...command]);
      t.match(ended, { status: 0, stdout: TOLD, stderr: '' }, command.join(' '));
    }
  const truth = podman.run(['--rm', ...inPod, '--entrypoint', '/told', 'app']);
  t.match(truth, { status: 0, stdout: TRUTH, stderr: '' }, 'and without it the truth');
});

await t.test('the file of compose', { skip: missingFor('compose') }, async (t) => {
  const podman = await withImage(t, 'compose');
  const file = path.join(t.testdir({}), 'compose.yaml');
  writeFileSync(file, blocks('yaml')[0] ?? '');
  // Without a terminal, and without starting the service once more beside it.
  const run = (...words: readonly string[]) =>
    podman.compose(file, ['run', '--rm', '-T', '--no-deps', ...words]);
  t.match(run('app'), { status: 0, stdout: TOLD });
  for (const mechanism of MECHANISMS) {
    const words = ['--entrypoint', '/spoof', 'app', '-m', mechanism, '/told'];
    t.match(run(...words), { status: 0, stdout: TOLD }, mechanism);
  }
  t.match(run('--entrypoint', '/told', 'app'), { status: 0, stdout: TRUTH }, 'the truth');
});

await t.test('the pod', { skip: missingFor('pods') }, async (t) => {
  const podman = await withImage(t, 'pod');
  const file = path.join(t.testdir({}), 'pod.yaml');
  writeFileSync(file, blocks('yaml')[1] ?? '');
  const ended = podman.pod(t, file, 'app-app');
  t.equal(ended.status, 0, ended.stderr);
  t.equal(ended.stdout.slice(0, TOLD.length), TOLD);
});

await t.test('an ordinary user', { skip: missingFor('rootless') }, async (t) => {
  const podman = await withImage(t, 'rootless', { rootless: true });
  const told = { status: 0, stdout: TOLD };
  for (const options of [[], ['--user', '1000:1000', '--cap-drop', 'ALL', '--read-only']])
    for (const mechanism of MECHANISMS) {
      const command = [...options, '--entrypoint', '/spoof', 'app', '-m', mechanism, '/told'];
      t.match(podman.run(['--rm', ...command]), told, command.join(' '));
    }
  t.match(podman.run(['--rm', '--userns=keep-id', 'app']), told, 'as itself');
  t.equal(podman.run(['--rm', '--entrypoint', '/told', 'app']).stdout, TRUTH, 'the truth');
});

await t.test('a profile that refuses what it can do without', { skip: missing() }, async (t) => {
  // Docker's refuses both to who lacks CAP_SYS_PTRACE and CAP_SYS_NICE.
  const podman = new Podman(t);
  const files = '\nfiles:\n  - path: /made\n    content: "told\\n"\n';
  const types = 'statfs:\n  - when: { type: tmpfs }\n    answer: { type: ext4 }\n';
  const tables = 'mounts:\n  - when: { fstype: [tmpfs] }\n    answer: { fstype: ext4 }\n';
  const policy = `apiVersion: seccomp-spoof/v1\nname: all\n${types}${tables}${files}`;
  const context = t.testdir({ 'policy.yaml': policy, Dockerfile: blocks('Dockerfile')[0] ?? '' });
  const bundle = await make('containers-profiles', '-p', path.join(context, 'policy.yaml'));
  copyFileSync(bundle, path.join(context, 'spoof'));
  compileTold(t, context);
  podman.build('app', context);
  for (const name of ['pidfd_getfd', 'move_pages']) {
    const profile = path.join(context, `${name}.json`);
    const refused = { names: [name], action: 'SCMP_ACT_ERRNO', errnoRet: 1 };
    const syscalls = [refused];
    writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
    const options = ['--rm', '--cap-drop', 'ALL', '--security-opt', `seccomp=${profile}`];
    for (const mechanism of MECHANISMS) {
      const words = ['--entrypoint', '/spoof', 'app', '-m', mechanism, '/told', '/made'];
      const told = { status: 0, stdout: `${TOLD}made told\n`, stderr: '' };
      t.match(podman.run([...options, ...words]), told, `${name}, ${mechanism}`);
    }
  }
});

await t.test('a profile that refuses what it needs', { skip: missing() }, async (t) => {
  const podman = new Podman(t);
  const context = t.testdir({ Dockerfile: blocks('Dockerfile')[0] ?? '', told: '' });
  copyFileSync(await make('containers-refused', ...tmpfsAsExt4), path.join(context, 'spoof'));
  podman.build('app', context);
  const profile = path.join(context, 'profile.json');
  const refused = { names: ['seccomp', 'ptrace'], action: 'SCMP_ACT_ERRNO' };
  writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [refused] }));
  const options = ['--rm', '--security-opt', `seccomp=${profile}`];
  const ended = podman.run([...options, 'app']);
  t.equal(ended.status, 125);
  t.match(ended.stderr, /no mechanism works here/);
  const [, words = ''] = /`docker run (--rm [^`]* --doctor)`/.exec(page) ?? [];
  const doctor = podman.run([...options.slice(1), ...words.split(' ')]);
  t.equal(doctor.status, 1);
  t.match(doctor.stdout, /seccomp\(2\)/);
});
