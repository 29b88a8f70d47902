// What `npm run package` makes of this checkout's sources, in a directory of its own: dist/ is used by
// other tests, and may be of other sources.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { cleanCommand } from '../support/environment.js';
import { root, testBuild } from '../support/paths.js';

// prettier-ignore
const SOURCES = [
  'package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'README.md', 'CHANGELOG.md',
  'CONTRIBUTING.md', 'LICENSE', 'src', 'csrc', 'policies', 'docs', 'bench/results',
];

/** Not what was built in this checkout. */
const isSource = (path: string): boolean => !relative(root, path).startsWith('csrc/build');

function digestOfSources(): string {
  const digest = createHash('sha256');
  const add = (path: string): void => {
    if (!isSource(path)) return;
    const full = join(root, path);
    let entries;
    try {
      entries = readdirSync(full).sort();
    } catch {
      digest.update(`${path}\0`).update(readFileSync(full));
      return;
    }
    for (const entry of entries) if (isSource(join(full, entry))) add(join(path, entry));
  };
  SOURCES.forEach(add);
  return digest.digest('hex').slice(0, 16);
}

/** What a checkout holds, of which packages are made. */
export function copySources(directory: string): void {
  for (const source of SOURCES) {
    cpSync(join(root, source), join(directory, source), { recursive: true, filter: isSource });
  }
}

/**
 * Builds a copy of the sources below `directory` with more variables in the environment; gives back
 * where the packages are.
 */
export function build(
  directory: string,
  umask: string,
  environment: Record<string, string>,
): string {
  copySources(directory);
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  const script = join(directory, 'src/build/package.mjs');
  const words = ['sh', '-c', `umask ${umask} && exec "$@"`, 'sh', process.execPath, script];
  const [command, rest] = cleanCommand(words, environment);
  const { status, stdout, stderr } = spawnSync(command, rest, {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${script} ended with ${String(status)}: ${stdout}${stderr}`);
  return join(directory, 'packages');
}

/** The packages of these sources, made once for all tests that ask; PACKAGES=DIRECTORY: those there. */
export function packages(): string {
  const given = process.env['PACKAGES'];
  if (given !== undefined) return resolve(given);
  const made = join(testBuild, 'packages', digestOfSources());
  mkdirSync(testBuild, { recursive: true });
  // Files that run at the same time take turns: the second one finds what the first has made.
  const lock = openSync(join(testBuild, 'packages.lock'), 'w');
  try {
    spawnSync('flock', ['3'], { stdio: ['ignore', 'ignore', 'inherit', lock] });
    return existsSync(made) ? made : makePackages(made);
  } finally {
    closeSync(lock);
  }
}

function makePackages(made: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'sources-'));
  try {
    const built = build(directory, '022', {});
    rmSync(join(testBuild, 'packages'), { recursive: true, force: true });
    mkdirSync(join(testBuild, 'packages'), { recursive: true });
    // By another name first: a copy between filesystems takes its time.
    cpSync(built, `${made}.new`, { recursive: true });
    renameSync(`${made}.new`, made);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return made;
}

/** The file in a directory of packages whose name ends so. */
export function fileIn(directory: string, end: string): string {
  const found = readdirSync(directory).find((name) => name.endsWith(end));
  if (found === undefined) throw new Error(`no ${end} in ${directory}`);
  return join(directory, basename(found));
}
