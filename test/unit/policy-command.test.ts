import { join } from 'node:path';

import t, { type Test as Tap } from 'tap';

import { policyCommand } from '../../src/commands/policy.js';
import { UsageError } from '../../src/errors.js';
import { readDocument } from '../../src/policy/document.js';
import { EMPTY_POLICY, mapRules, type NormalisedPolicy } from '../../src/policy/normalised.js';
import { policyToYaml } from '../../src/policy/print.js';

async function run(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const status = await policyCommand(words, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { status, out, err };
}

const GOOD = `apiVersion: seccomp-spoof/v1
name: good
description: a good one
statfs:
  - when: { type: [9p, fuse], path: '/{a,b}/\\[c\\]' }
    except: { type: fuse, path: /a/x }
    answer: { type: 0x1234, blocks: 9223372036854775807, bfree: 5, flags: [nosuid, rdonly] }
  - when: { path: /mnt/** }
    except: { type: nfs }
    answer: { flags: [] }
mounts:
  - when: { fstype: [9p, 'fuse.*', 'a\\*\\[', tmpfs], path: '/{a,b}' }
    except: { fstype: nfs, path: /a/x, program: [systemd, 'systemd-*'] }
    answer: { fstype: ext4, shared: true }
  - id: root
    when: { path: / }
    answer: { shared: 7 }
  - when: { path: /** }
    except: { fstype: tmpfs }
    answer: { fstype: xfs }
uname: { release: "5.15.0", version: "#1 SMP" }
`;
const BAD = GOOD.replace('fuse]', 'fusee]').replace('name: good', 'nam: good');

/** Names are looked up in the user's own directories: these tests have none of their own. */
function useConfig(t: Pick<Tap, 'teardown'>, directory: string): void {
  const before = process.env['XDG_CONFIG_HOME'];
  process.env['XDG_CONFIG_HOME'] = directory;
  t.teardown(() => {
    if (before === undefined) delete process.env['XDG_CONFIG_HOME'];
    else process.env['XDG_CONFIG_HOME'] = before;
  });
}

void t.test('check says ok or what is wrong', async (t) => {
  const root = t.testdir({ 'good.yaml': GOOD, 'bad.yaml': BAD });
  const [good, bad] = [join(root, 'good.yaml'), join(root, 'bad.yaml')];
  t.same(await run('check', good), { status: 0, out: `${good}: ok\n`, err: '' });
  t.same(await run('check', bad, good), {
    status: 1,
    out: [
      `${bad}:1:1: the key "name" is missing; write name: and a name`,
      `${bad}:2:1: "nam" is not a key here; did you mean name?`,
      `${bad}:5:24: "fusee" is not a known filesystem; did you mean fuse?`,
      `${good}: ok`,
      '',
    ].join('\n'),
    err: '',
  });
});

void t.test('show prints what can be loaded again and means the same', async (t) => {
  const root = t.testdir({ 'good.yaml': GOOD });
  const good = join(root, 'good.yaml');
  const { status, out, err } = await run('show', good, '--fstype', '9p=xfs');
  t.equal(status, 0);
  t.equal(err, '');
  t.equal(
    out,
    `# merged from good, --fstype 9p=xfs; the most important rule first

apiVersion: seccomp-spoof/v1
name: merged
statfs:
  # --fstype 9p=xfs
  - when: { type: 9p }
    answer: { type: xfs }
  # good/statfs/1, from ${good}:5
  - when: { type: [ 9p, fuse ], path: [ "/a/\\\\[c]", "/b/\\\\[c]" ] }
    except: { type: fuse, path: /a/x }
    answer: { type: "0x00001234", blocks: "9223372036854775807", bfree: 5, flags: [ rdonly, nosuid ] }
  # good/statfs/2, from ${good}:8
  # without a type: not for tmpfs, proc and other filesystems of the kernel
  - when: { path: /mnt/** }
    except: { type: nfs }
    answer: { flags: [] }
mounts:
  # --fstype 9p=xfs (mounts)
  - when: { fstype: 9p }
    except: { program: [ systemd, udisksd, gvfs-udisks2-volume-monitor ] }
    answer: { fstype: xfs }
  # good/mounts/1, from ${good}:12
  - when: { fstype: [ 9p, fuse.*, "a\\\\*\\\\[", tmpfs ], path: [ /a, /b ] }
    except: { fstype: nfs, path: /a/x, program: [ systemd, systemd-* ] }
    answer: { fstype: ext4, shared: 1 }
  # good/root, from ${good}:15
  - when: { path: / }
    answer: { shared: 7 }
  # good/mounts/3, from ${good}:18
  # without a type: not for tmpfs, proc and other filesystems of the kernel
  - when: { path: /** }
    answer: { fstype: xfs }
uname:
  # good/uname, from ${good}:21
  release: 5.15.0
  version: "#1 SMP"
`,
  );
  const first = readDocument(GOOD, 'good.yaml', '/').file?.rules ?? EMPTY_POLICY;
  const again = readDocument(policyToYaml(['good'], first), 'again.yaml', '/');
  t.same(again.problems, []);
  const bare = (policy: NormalisedPolicy) =>
    mapRules(policy, (rule) => ({ ...rule, id: '', origin: '' }));
  t.same(bare(again.file?.rules ?? EMPTY_POLICY), bare(first));
});

void t.test('show of a policy that is not valid', async (t) => {
  const root = t.testdir({ 'bad.yaml': 'x' });
  const bad = join(root, 'bad.yaml');
  t.same(await run('show', bad), {
    status: 1,
    out: '',
    err: `${bad}:1:1: expected a policy, found "x"; write apiVersion: seccomp-spoof/v1\n`,
  });
});

void t.test('list names every policy that can be looked up', async (t) => {
  const root = t.testdir({
    'seccomp-spoof': { policies: { 'good.yaml': GOOD, 'broken.yaml': 'x', 'other.yaml': GOOD } },
  });
  useConfig(t, root);
  const place = join(root, 'seccomp-spoof/policies');
  const { status, out } = await run('list');
  t.equal(status, 0);
  const lines = out.split('\n').map((line) => line.split(/ {2,}/));
  t.same(
    lines.find(([name]) => name === 'good'),
    ['good', `${place}/good.yaml`, 'a good one'],
  );
  const program = lines.find(([, name]) => name === 'k3s, kubelet');
  t.same(program, ['', 'k3s, kubelet', 'k3s; in gVisor k3s-gvisor'], 'and who gets which');
  for (const bad of ['broken', 'other']) {
    const advice = `not valid: see seccomp-spoof policy check ${bad}`;
    t.same(
      lines.find(([name]) => name === bad),
      [bad, `${place}/${bad}.yaml`, advice],
    );
  }
  t.match(await run('check', 'other'), {
    status: 1,
    out: /looked up as other but calls itself good/,
  });
  t.same(await run('check', 'good'), { status: 0, out: 'good: ok\n', err: '' });
});

void t.test('help', async (t) => {
  for (const words of [['--help'], ['-h'], ['help']]) {
    const { status, out } = await run(...words);
    t.equal(status, 0);
    t.match(out, /^seccomp-spoof policy VERB .*\n\n {2}list .*\n {2}show .*\n {2}check /);
  }
  for (const verb of ['list', 'show', 'check']) {
    for (const option of ['--help', '-h']) {
      const { status, out, err } = await run(verb, option);
      t.equal(status, 0);
      t.equal(err, '');
      t.ok(out.startsWith(`seccomp-spoof policy ${verb}`), out);
      t.match(out, /Show this text/);
    }
  }
  t.match((await run('show', '--help')).out, /--fstype/);
});

void t.test('wrong usage', async (t) => {
  const wrong: [string[], string][] = [
    [[], 'policy needs a verb; write one of list, show, check'],
    [['shwo'], 'policy has no verb "shwo"; did you mean show?'],
    [['frobnicate'], 'policy has no verb "frobnicate"; write one of list, show, check'],
    [['toString'], 'policy has no verb "toString"; write one of list, show, check'],
    [['check'], 'policy check needs a policy; write a name, or a file (with a /)'],
    [['list', 'x'], 'policy list takes no "x"; leave it out'],
    [['show', '--fstpye=9p=xfs'], 'policy show has no option --fstpye; did you mean --fstype?'],
    [
      ['check', '--fstype', '9p=xfs'],
      'policy check has no option --fstype; see seccomp-spoof policy check --help',
    ],
    [['show', '-x'], 'policy show has no option -x; see seccomp-spoof policy show --help'],
    [['show', '--fstype'], 'option --fstype needs a value; write it behind the option'],
    [['list', '--help=no'], 'option --help takes no value; leave it out'],
    [
      ['show', '--fstype', '9p'],
      '--fstype 9p: expected REAL=TOLD, two filesystems; write --fstype 9p=ext4',
    ],
  ];
  for (const [words, message] of wrong) {
    await t.rejects(run(...words), new UsageError(message), words.join(' '));
  }
});
