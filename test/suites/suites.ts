// Tests that others wrote for their own programs, from packages of Debian and from Go's own tree, and what all
// installed commands say of themselves: how each is started, and what it says of each of its cases.
import { mkdirSync, readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { run } from '../lanes/debian.js';
import { findProgram } from '../lanes/programs.js';

/** What became of each case, by its name: `ok`, `failed`, `skipped`. */
export type Cases = ReadonlyMap<string, string>;

/** A part of a suite that is one command. */
export interface Part {
  readonly name: string;
  readonly command: readonly string[];
  readonly directory?: string;
  /** `scratch` is the directory that the command was given. */
  cases(said: string, scratch: string, status: number | null): Cases;
}

export interface Suite {
  readonly name: string;
  /** What is missing, in words. */
  unavailable(): string | undefined;
  parts(scratch: string): readonly Part[];
}

const PYTHON = ['os', 'posix', 'io', 'fileio', 'signal', 'subprocess', 'threading', 'asyncio'];
const PYTHON_TOO = ['tempfile', 'shutil', 'pathlib', 'fcntl', 'mmap', 'select', 'epoll', 'glob'];

/** `<testcase name="..." ...>` of a JUnit report, with what stands in it. */
function junitCases(xml: string): Cases {
  const cases = new Map<string, string>();
  for (const [, name = '', rest = ''] of xml.matchAll(
    /<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const failed = /<(failure|error)\b/.test(rest);
    cases.set(name, failed ? 'failed' : rest.includes('<skipped') ? 'skipped' : 'ok');
  }
  return cases;
}

const python: Suite = {
  name: 'CPython',
  unavailable: () =>
    findProgram('python3') === undefined ||
    run(['python3', '-c', 'import test; print(test.__path__)']).trim() === '' ||
    !existsSync(run(['python3', '-c', 'import test.test_os as t; print(t.__file__)']).trim())
      ? 'no tests of Python (Debian packages libpython3-testsuite, libpython3.11-testsuite)'
      : undefined,
  parts: (scratch) =>
    [...PYTHON, ...PYTHON_TOO].map((name) => {
      const report = path.join(scratch, 'report.xml');
      return {
        name: `test_${name}`,
        command: ['python3', '-m', 'test', '-v', '--junit-xml', report, `test_${name}`],
        directory: scratch,
        cases: () => (existsSync(report) ? junitCases(readFileSync(report, 'utf8')) : new Map()),
      };
    }),
};

const GO = ['os', 'os/exec', 'os/signal', 'os/user', 'io/fs', 'path/filepath', 'syscall', 'net'];

function goCases(said: string): Cases {
  const cases = new Map<string, string>();
  const outcomes = { PASS: 'ok', FAIL: 'failed', SKIP: 'skipped' } as const;
  for (const [, how = 'FAIL', name = ''] of said.matchAll(/^ *--- (PASS|FAIL|SKIP): (\S+) \(/gm))
    cases.set(name, outcomes[how as keyof typeof outcomes]);
  return cases;
}

const go: Suite = {
  name: 'Go',
  unavailable: () => (findProgram('go') === undefined ? 'no go' : undefined),
  parts: (scratch) => {
    const sources = path.join(run(['go', 'env', 'GOROOT']).trim(), 'src');
    const built = path.join(path.dirname(scratch), 'go-tests');
    mkdirSync(built, { recursive: true });
    return GO.map((name) => {
      const program = path.join(built, name.replaceAll('/', '-'));
      if (!existsSync(program)) run(['go', 'test', '-c', '-o', program, name], sources);
      return {
        name,
        command: [program, '-test.v', '-test.short'],
        directory: path.join(sources, name),
        cases: goCases,
      };
    });
  },
};

const CLASSES = ['filesystem', 'interrupt', 'os', 'pipe', 'scheduler'];
/** What harms the machine, or says nothing of one program. */
const NOT_HERE =
  /^(apparmor|bind-mount|binderfs|cpu-online|cgroup|clock|dev|enosys|fanotify|forkheavy|kvm|led|min-nanosleep|module|oom-pipe|reboot|rtc|sysinval|sysfs|smi|spawn|swap|usersyscall|watchdog|zombie)$/;

const stress: Suite = {
  name: 'stress-ng',
  unavailable: () =>
    findProgram('stress-ng') === undefined ? 'no stress-ng (Debian package)' : undefined,
  parts: (scratch) => {
    const names = CLASSES.flatMap((each) => {
      const said = run(['stress-ng', '--class', `${each}?`]);
      return said.replace(/^.*?:/s, '').trim().split(/\s+/);
    });
    return [...new Set(names)]
      .filter((name) => !NOT_HERE.test(name))
      .sort()
      .map((name) => ({
        name,
        command: [
          ...['stress-ng', '--verify', '--temp-path', scratch, '--timeout', '60s'],
          ...[`--${name}`, '1', `--${name}-ops`, '200'],
        ],
        directory: scratch,
        // 0: well; 3, 4: not to be had here; 2: what it has verified is wrong.
        cases: (_, __, status) => new Map([[name, `status ${status ?? 'none'}`]]),
      }));
  },
};

/** Each command that is installed, in a sandbox where it can do no harm: what it says of itself, in any order. */
const ASK = `for command in /usr/bin/* /usr/sbin/*; do
  test -f "$command" && test -x "$command" || continue
  for word in --help --version; do
    said=$( { timeout -k 1 60 "$command" $word </dev/null; echo "status $?"; } 2>&1 | LC_ALL=C sort | cksum)
    echo "case $command $word: $said"
  done
done`;

const commands: Suite = {
  name: 'Installed commands',
  unavailable: () =>
    findProgram('bwrap') === undefined ? 'no bwrap (Debian package bubblewrap)' : undefined,
  parts: () => [
    {
      name: '--help and --version',
      command: [
        ...['bwrap', '--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
        ...['--uid', '65534', '--gid', '65534', '--clearenv', '--setenv', 'HOME', '/tmp'],
        ...['--setenv', 'PATH', '/usr/bin:/usr/sbin:/bin:/sbin', '--setenv', 'LC_ALL', 'C'],
        ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
        ...['--tmpfs', '/tmp', '--tmpfs', '/run', '--chdir', '/tmp', 'sh', '-c', ASK],
      ],
      cases: (said) =>
        new Map(
          [...said.matchAll(/^case (.*?): (.*)$/gm)].map(([, name = '', how = '']) => [name, how]),
        ),
    },
  ],
};

export const suites: readonly Suite[] = [python, go, stress, commands];
