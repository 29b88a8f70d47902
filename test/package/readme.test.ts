// README.md, from its first command to its last, as they stand there: in a copy of the sources, with the
// package that they make and install.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import t, { type Test } from 'tap';
import { cleanCommand } from '../support/environment.js';
import { examples } from '../support/examples.js';
import { root } from '../support/paths.js';
import { npmEnvironment } from './npm.js';
import { copySources } from './release.js';

const page = readFileSync(join(root, 'README.md'), 'utf8');
interface Command {
  readonly command: string;
  /** What the page says, if it does. */
  readonly prints?: string;
}
const commands = [...page.matchAll(/^```(sh|console)\n[^]*?^```$/gm)].flatMap(
  ([block, language]): readonly Command[] =>
    language === 'console'
      ? examples(block).map(({ command, output }) => ({ command, prints: output }))
      : block
          .split('\n')
          .slice(1, -1)
          .map((command) => ({ command })),
);

const place = mkdtempSync(join(tmpdir(), 'readme-'));
t.teardown(() => {
  rmSync(place, { recursive: true, force: true });
});
const [checkout, prefix, bin] = ['checkout', 'prefix', 'bin'].map((name) => join(place, name)) as [
  string,
  string,
  string,
];
for (const directory of [checkout, bin]) mkdirSync(directory);

/** What a user has: a command, a k3s, a policy. A filter more than this process has is what `exec` is. */
const filters = `sed -n 's/^Seccomp_filters:\\t//p' /proc/self/status`;
const told = `#!/bin/sh\necho $(stat -f -c %T /dev/shm) $(${filters}) "$@"\n`;
for (const name of ['COMMAND', 'k3s']) writeFileSync(join(bin, name), told, { mode: 0o755 });
const rule = 'when: { type: tmpfs }\n    answer: { type: ext4 }';
const policy = `apiVersion: seccomp-spoof/v1\nname: mine\nstatfs:\n  - ${rule}\n`;
writeFileSync(join(checkout, 'mine.yaml'), policy);

const environment = {
  ...npmEnvironment(),
  HOME: place,
  PATH: [join(prefix, 'bin'), bin, process.env['PATH'] ?? ''].join(delimiter),
  npm_config_prefix: prefix,
};

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function shell(line: string): Ended {
  const [command, words] = cleanCommand(['bash', '-c', line], environment);
  const { status, stdout, stderr } = spawnSync(command, words, { cwd: checkout, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const native = Number(shell(filters).stdout);
const ran = (type: string, ...words: readonly string[]): string =>
  `${[type, native + 1, ...words].join(' ')}\n`;

/** Each command of the page begins like one of these, which knows what it prints. */
const PRINTS: readonly (readonly [RegExp, string | RegExp])[] = [
  [/^npm ci$/, /^added \d+ packages/m],
  [/^npm ci && /, /^added \d+ packages/m],
  [/^npm run package$/, /^\w+ {2}seccomp-spoof-\S+\.tgz$/m],
  [/^npm install --global /, /^added \d+ packages/m],
  [/^seccomp-spoof exec k3s server$/, ran('tmpfs', 'server')],
  [/^seccomp-spoof exec --policy \S+ COMMAND$/, ran('ext2/ext3')],
  [/^seccomp-spoof exec (--fstype virtiofs=xfs )?COMMAND$/, ran('tmpfs')],
  [/^seccomp-spoof doctor$/, /^mechanism: \w+$[^]*^next\n/m],
  [/^seccomp-spoof doctor k3s server$/, /^ {2}line {4}k3s server\n {2}policy {2}k3s/m],
  [
    /^seccomp-spoof verify --fstype tmpfs=ext4 /,
    /^ {2}\S+ +tmpfs\b.* ext4\b[^]*^no contradiction$/m,
  ],
  [/^seccomp-spoof explain --fstype tmpfs=ext4 /, /^ {2}told +type ext4$/m],
  [/^seccomp-spoof policy list$/, /^9p-as-ext4\b/m],
  [/^seccomp-spoof bundle -o spoof$/, ''],
];
/** This is what runs this file. */
const ELSEWHERE = ['npm test'];

function runs(t: Test, command: string, says: string | RegExp, prints: string | undefined): void {
  const { status, stdout, stderr } = shell(command);
  t.equal(status, 0, command, { stdout, stderr });
  t.match(stdout, typeof says === 'string' ? new RegExp(`^${says}$`) : says);
  if (prints !== undefined) t.equal(stdout.slice(-prints.length), prints, 'what the page says');
}

await t.test('a checkout without what it needs', (t) => {
  copySources(checkout);
  const { status, stderr } = shell('npm run package --silent');
  t.notOk(status === 0);
  t.match(stderr, /^seccomp-spoof: [^\n]*not installed: run `npm ci` here first\n/);
  t.end();
});

for (const { command, prints } of commands) {
  const line = command.replace(/ +#.*/, '');
  if (ELSEWHERE.includes(line)) continue;
  await t.test(line, (t) => {
    const [, says = /^known to this test$/] = PRINTS.find(([begin]) => begin.test(line)) ?? [];
    runs(t, command, says, prints);
    t.end();
  });
}

await t.test('and what they leave', (t) => {
  t.ok(commands.length > 14, `${commands.length} commands`);
  const installed = join(prefix, 'bin/seccomp-spoof');
  t.equal(shell('command -v seccomp-spoof').stdout, `${installed}\n`, 'it was installed, and run');
  t.equal(shell('./spoof COMMAND').stdout, ran('tmpfs'), 'a bundle');
  t.end();
});
