// Real cAdvisor, an old release and a new one, which are asked what kubelet asks when it starts.
import path from 'node:path';
import type { Test } from 'tap';
import { buildModule } from '../../lanes/module.js';
import { Unavailable } from '../../lanes/programs.js';
import { root, seccompSpoof } from '../../support/paths.js';
import { SILENCE_SECONDS } from '../../support/silence.js';
import { quote } from '../../support/shell.js';

/** In the old one any filesystem may be on /; in the new one only those that it knows. */
export type Release = 'old' | 'new';

interface Filesystem {
  readonly error?: string;
  readonly mountpoint?: string;
  readonly capacity: number;
}

/** What probe/probe.go prints. */
export interface Report {
  /** Why there is no manager, or why it does not start. */
  readonly new?: string;
  readonly start?: string;
  readonly machine?: { readonly cores: number; readonly memory: number };
  /** The container "/". */
  readonly root?: {
    readonly error?: string;
    readonly stats: number;
    readonly cpu: boolean;
    readonly memory: boolean;
    /** Bytes; 0 also where libcontainer finds no files to read. */
    readonly memoryUsage: number;
    readonly workingSet: number;
    readonly rss: number;
  };
  /** The filesystem of each directory. */
  readonly directories?: Readonly<Record<string, Filesystem>>;
}

const sources = 'test/programs/cadvisor';

/** Its file; throws Unavailable. */
export function build(release: Release): string {
  return buildModule({
    name: 'cAdvisor',
    directory: `${sources}/${release}`,
    path: 'github.com/google/cadvisor',
    target: '.',
    program: release,
    cache: 'cadvisor',
    sources: [`${sources}/${release}`, `${sources}/probe`],
  });
}

/** Why it cannot be built here, or false. */
export function unavailable(): string | false {
  try {
    build('old');
    build('new');
    return false;
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

/** The directories that are asked for, with their true sizes. */
type Sizes = ReadonlyMap<string, number>;

export interface Question {
  readonly release: Release;
  /** Options of `exec`, or nothing for natively. */
  readonly options?: string;
  /** Without openat2(2): libcontainer then asks fstatfs whether a file lies in a cgroup. */
  readonly withoutOpenat2?: true;
  readonly expect: (t: Test, report: Report, sizes: Sizes) => void;
}

/** A script that asks all of these for the directories. */
export function script(questions: readonly Question[], directories: readonly string[]): string {
  const words = directories.map(quote).join(' ');
  const asks = questions.map(({ release, options, withoutOpenat2 = false }) => {
    const exec = options === undefined ? '' : `${quote(seccompSpoof)} exec ${options} -- `;
    const less = withoutOpenat2
      ? `python3 ${quote(path.join(root, sources, 'no-openat2.py'))} `
      : '';
    return `timeout -k 5 ${SILENCE_SECONDS / 2} ${exec}${less}${quote(build(release))} ${words} 2>>/tmp/log || echo null`;
  });
  return [`df -B 1 --output=size ${words} | tail -n +2`, ...asks, 'cat /tmp/log >&2'].join('\n');
}

/** Checks what the script has printed, a line for each size and each question. */
export async function check(
  t: Test,
  questions: readonly Question[],
  directories: readonly string[],
  { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
): Promise<void> {
  const lines = stdout.trimEnd().split('\n');
  t.equal(lines.length, directories.length + questions.length, 'all was asked', { stdout, stderr });
  const sizes = new Map(directories.map((name, index) => [name, Number(lines[index])]));
  for (const [index, { release, options, withoutOpenat2, expect }] of questions.entries()) {
    const less = withoutOpenat2 ? ', without openat2' : '';
    await t.test(`${release}, ${options ?? 'natively'}${less}`, (t) => {
      const report = JSON.parse(lines[directories.length + index] ?? 'null') as Report | null;
      if (report === null) t.fail('it prints a report', { stderr });
      else expect(t, report, sizes);
      t.end();
    });
  }
}

function starts(t: Test, report: Report): void {
  t.strictSame([report.new, report.start], [undefined, undefined], 'it starts');
  const { cores = 0, memory = 0 } = report.machine ?? {};
  t.ok(cores > 0 && memory > 0, 'machine information', { report });
}

function hasStatistics(t: Test, report: Report): void {
  const expected = { error: undefined, stats: 1, cpu: true, memory: true };
  t.match(report.root, expected, 'statistics of the container "/"');
}

function hasFilesystem(t: Test, report: Report, directory: string, sizes: Sizes): void {
  const { error, mountpoint, capacity } = report.directories?.[directory] ?? { capacity: 0 };
  const size = sizes.get(directory);
  const expected = [undefined, directory, size];
  t.strictSame([error, mountpoint, capacity], expected, `statistics of ${directory}`);
  t.ok(size !== undefined && size > 0, 'a size');
}

/** Everything is there, but for the filesystems of these directories, of which it says this. */
export function all(missing: Readonly<Record<string, RegExp>> = {}): Question['expect'] {
  return (t, report, sizes) => {
    starts(t, report);
    hasStatistics(t, report);
    for (const directory of sizes.keys()) {
      const error = missing[directory];
      if (error === undefined) hasFilesystem(t, report, directory, sizes);
      else t.match(report.directories?.[directory]?.error, error, `not of ${directory}`);
    }
  };
}

/** The same, and how much memory is used. Where nobody knows which part is cache, none is. */
export function counted(missing: Readonly<Record<string, RegExp>> = {}): Question['expect'] {
  return (t, report, sizes) => {
    all(missing)(t, report, sizes);
    const { memoryUsage = 0, workingSet, rss = 0 } = report.root ?? {};
    t.ok(memoryUsage > 0 && rss > 0, 'memory of the container "/"', { report });
    t.equal(workingSet, memoryUsage, 'all of it is in use');
  };
}

/** It starts, and has no statistics. This ends kubelet. */
export const nothing: Question['expect'] = (t, report) => {
  starts(t, report);
  const error = /unable to find data in memory cache/;
  t.match(report.root?.error, error, 'no statistics of the container "/"');
  t.match(report.directories?.['/']?.error, error, 'nor of /');
};

/** What it says of a type that it does not know: on /, and below. */
export const unknownRoot = /^cannot find filesystem info for device/;
export const unknownBelow = /could not find device in cached partitions map/;
