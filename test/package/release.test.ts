// What `npm run package` makes beside npm's package: the same bytes again, checksums, Debian packages,
// symbols for debuggers, a man page and completions.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';
import { build, fileIn, packages } from './release.js';

const scratch = mkdtempSync(join(tmpdir(), 'release-'));
t.teardown(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const made = packages();
const machine = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];

function run(...command: string[]): { status: number | null; stdout: string; stderr: string } {
  const [program, words] = cleanCommand(command);
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8' });
  if (error) throw error;
  return { status, stdout, stderr };
}

const sums = (directory: string): string => readFileSync(join(directory, 'SHA256SUMS'), 'utf8');

await t.test('checksums', (t) => {
  const named = sums(made)
    .trim()
    .split('\n')
    .map((line) => line.split('  ')[1]);
  const there = readdirSync(made).filter((file) => file !== 'SHA256SUMS');
  t.strictSame(named, there.sort(), 'of every file');
  execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: made, stdio: 'pipe' });
  t.end();
});

await t.test('built again, elsewhere, by others, at another time', (t) => {
  const directory = join(scratch, 'another', 'place');
  mkdirSync(directory, { recursive: true });
  const again = build(directory, '077', { TZ: 'Asia/Tokyo', LC_ALL: 'C', HOME: scratch });
  t.equal(sums(again), sums(made), 'the same bytes');
  t.end();
});

/** The package of this machine, unpacked. */
const tree = join(scratch, 'tree');
execFileSync('dpkg-deb', ['-x', fileIn(made, `_${machine}.deb`), tree]);
const share = join(tree, 'usr/share');

await t.test('the Debian packages', (t) => {
  const program = join(tree, 'usr/bin/seccomp-spoof');
  const words = ['exec', '--fstype', 'tmpfs=ext4', 'stat', '-f', '-c', '%T', '/dev/shm'];
  t.strictSame(run(program, ...words), { status: 0, stdout: 'ext2/ext3\n', stderr: '' });
  t.match(run(program, 'policy', 'list'), { status: 0, stdout: /^9p-as-ext4\b/m, stderr: '' });
  t.match(run(program, 'policy', 'show', 'k3s'), { status: 0, stderr: '' });
  for (const architecture of ['amd64', 'arm64']) {
    const file = fileIn(made, `_${architecture}.deb`);
    const said = run('dpkg-deb', '--field', file).stdout;
    t.match(said, `Architecture: ${architecture}\n`);
    t.match(said, /^Depends: nodejs \(.*, libc6 \(>= 2\.28\)/m);
    const listed = run('dpkg-deb', '--contents', file).stdout.trim().split('\n');
    t.strictSame(
      listed.filter((line) => !/^\S+ root\/root /.test(line)),
      [],
      'all of root',
    );
    const koffi = { amd64: 'x64', arm64: 'arm64' }[architecture];
    t.match(listed.join('\n'), `/@koromix/koffi-linux-${koffi}/linux_${koffi}/koffi.node`);
  }
  t.end();
});

/** A root that has nothing but packages of these names and versions, without files; dpkg's own directory is made. */
function rootWith(directory: string, has: Readonly<Record<string, string>>): string {
  const target = join(directory, 'root');
  for (const part of ['updates', 'info'])
    mkdirSync(join(target, 'var/lib/dpkg', part), { recursive: true });
  const status = Object.entries(has).map(
    ([name, version]) =>
      `Package: ${name}\nStatus: install ok installed\nMaintainer: nobody\nArchitecture: ${machine}\n` +
      `Version: ${version}\nDescription: ${name}\n`,
  );
  writeFileSync(join(target, 'var/lib/dpkg/status'), status.join('\n'));
  for (const name of Object.keys(has))
    writeFileSync(join(target, `var/lib/dpkg/info/${name}.list`), '/.\n');
  return target;
}

const notRoot = process.getuid?.() !== 0 && 'dpkg needs root';
await t.test('the Debian package takes the Nodes of engines', { skip: notRoot }, (t) => {
  const says = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as unknown;
  t.match(says, { engines: { node: '^20.19.0 || >=22.12.0' } });
  for (const [version, takes] of [
    ['20.18.3-1', false],
    ['20.19.2+dfsg-1', true],
    ['21.7.3-1nodesource1', false],
    ['22.11.0-1nodesource1', false],
    ['22.12.0-1nodesource1', true],
    ['24.1.0-1nodesource1', true],
  ] as const) {
    const has = { nodejs: version, libc6: '2.41-12', 'libstdc++6': '14.2.0-19' };
    const target = rootWith(join(scratch, version), has);
    const file = fileIn(made, `_${machine}.deb`);
    const { status, stderr } = run(
      'dpkg',
      `--root=${target}`,
      '--log=/dev/null',
      '--install',
      file,
    );
    t.equal(status === 0, takes, version, { stderr });
    if (!takes) t.match(stderr, /depends on nodejs/, 'and says why');
    else {
      const said = run(join(target, 'usr/bin/seccomp-spoof'), 'policy', 'list');
      t.match(said, { status: 0, stdout: /^9p-as-ext4\b/m, stderr: '' }, 'what it installs runs');
    }
    rmSync(target, { recursive: true });
  }
  t.end();
});

await t.test('symbols', (t) => {
  execFileSync('tar', ['-xJf', fileIn(made, '-debug.tar.xz'), '-C', scratch]);
  const id = (file: string): string =>
    /Build ID: (\w+)/.exec(run('readelf', '-n', file).stdout)?.[1] ?? 'none';
  const sections = (file: string): string => run('readelf', '-SW', file).stdout;
  const package_ = join(scratch, 'package');
  execFileSync('tar', ['-xzf', fileIn(made, '.tgz'), '-C', scratch]);
  for (const machine of ['linux-x64', 'linux-arm64']) {
    for (const name of ['seccomp-spoof', 'seccomp-spoof-supervisor', 'libseccomp_spoof.so']) {
      const file = join(package_, 'dist/native', machine, name);
      const debug = join(scratch, machine, `${name}.debug`);
      t.notMatch(sections(file), /\.debug_info|\.symtab/, `${machine}/${name} has none`);
      t.match(sections(debug), /\.debug_info/, 'they are apart');
      t.equal(id(debug), id(file), 'and of the same build');
    }
    const library = join(package_, 'dist/native', machine, 'libseccomp_spoof.so');
    const versions = run('readelf', '-W', '--dyn-syms', library).stdout.matchAll(
      /@GLIBC_2\.(\d+)/g,
    );
    const newest = Math.max(...[...versions].map(([, minor]) => Number(minor)));
    t.ok(newest >= 2 && newest <= 28, `no symbol is newer than glibc 2.28: 2.${newest}`);
  }
  t.end();
});

/** What --help says: the verbs of the program, and the options of each. */
const program = join(tree, 'usr/bin/seccomp-spoof');
const verbs = [...run(program, '--help').stdout.matchAll(/^ {2}(\w+) /gm)].map(([, verb]) => verb);
const optionsOf = (...words: string[]): string[] => {
  const help = run(program, ...words, '--help').stdout;
  return [...new Set(help.match(/(?<=^ *(?:-\w, )?)--[\w-]+/gm))];
};

await t.test('the man page', (t) => {
  const page = execFileSync('gzip', ['-dc', join(share, 'man/man1/seccomp-spoof.1.gz')], {
    encoding: 'utf8',
  });
  const said = page.replaceAll('\\-', '-').replaceAll('\\fR', '').replaceAll('\\fB', '');
  for (const verb of verbs) t.match(said, new RegExp(`^seccomp-spoof ${verb}\\b`, 'm'));
  for (const verb of verbs.filter((name) => name !== 'policy' && name !== 'help')) {
    const [, section = ''] = said.split(`.SS ${verb}`);
    const own = section.split('.SS')[0] ?? '';
    const options = optionsOf(verb ?? '');
    t.ok(options.length > 0, `${verb} has options`);
    for (const option of options) t.match(own, option, `${verb} ${option}`);
  }
  if (existsSync('/usr/bin/groff')) {
    const words = ['sh', '-c', `gzip -dc "$0" | groff -man -Tutf8 -ww -z`];
    const file = join(share, 'man/man1/seccomp-spoof.1.gz');
    t.strictSame(run(...words, file), { status: 0, stdout: '', stderr: '' }, 'groff is content');
  }
  t.end();
});

const shells = {
  bash: {
    file: 'bash-completion/completions/seccomp-spoof',
    complete: (file: string, line: string): string[] => {
      const script = `. "$1"; COMP_WORDS=($2); [[ $2 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _seccomp_spoof; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return ['bash', '--norc', '-c', script, 'bash', file, line];
    },
  },
  fish: {
    file: 'fish/vendor_completions.d/seccomp-spoof.fish',
    complete: (file: string, line: string): string[] => {
      const script = 'source $argv[1]; complete -C $argv[2] | string replace -r "\\t.*" ""; true';
      return ['fish', '--no-config', '-c', script, file, line];
    },
  },
  zsh: {
    file: 'zsh/vendor-completions/_seccomp-spoof',
    // To drive it takes a terminal; it is only read.
    complete: undefined,
  },
} as const;

for (const [shell, { file, complete }] of Object.entries(shells)) {
  const there = existsSync(`/usr/bin/${shell}`) || existsSync(`/bin/${shell}`);
  const path = join(share, file);
  await t.test(shell, { skip: there ? false : `no ${shell}` }, (t) => {
    if (complete === undefined) {
      t.strictSame(run(shell, '-n', path), { status: 0, stdout: '', stderr: '' }, 'can be read');
      const text = readFileSync(path, 'utf8');
      for (const verb of verbs) t.match(text, verb);
      for (const option of optionsOf('exec')) t.match(text, new RegExp(`${option}(\\[|,-\\w})`));
      t.end();
      return;
    }
    const offers = (line: string): string[] => {
      const { status, stdout, stderr } = run(...complete(path, line));
      t.strictSame({ status, stderr }, { status: 0, stderr: '' }, `seccomp-spoof: ${line}`);
      return stdout.trim().split('\n').sort();
    };
    t.strictSame(offers('seccomp-spoof '), [...verbs].sort(), 'verbs');
    for (const verb of ['exec', 'verify', 'explain', 'doctor', 'version']) {
      t.strictSame(offers(`seccomp-spoof ${verb} --`), optionsOf(verb).sort(), `${verb} --`);
    }
    t.strictSame(offers('seccomp-spoof policy '), ['check', 'list', 'show']);
    t.strictSame(offers('seccomp-spoof exec -m '), ['auto', 'notify', 'ptrace', 'trace']);
    t.strictSame(offers('seccomp-spoof exec --policy k3'), ['k3s', 'k3s-gvisor']);
    t.ok(offers('seccomp-spoof exec --fstype a=b rmdi').includes('rmdir'), 'commands');
    // fish offers ours as well.
    const behind = offers('seccomp-spoof exec rmdir --fsty');
    if (shell === 'bash') t.notOk(behind.includes('--fstype'), 'its own words');
    t.end();
  });
}
