// Programs that are built from Go modules by the ordinary Go client: go.mod pins the version, go.sum
// what it consists of. They are kept in a cache directory.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from '../support/paths.js';
import { Unavailable } from './programs.js';

export interface Module {
  /** What people call it. */
  readonly name: string;
  /** Where its go.mod is, in this checkout. */
  readonly directory: string;
  /** The module whose version counts. */
  readonly path: string;
  /** What is built: a package. */
  readonly target: string;
  /** The program, in .cache, and its directory there. */
  readonly program: string;
  readonly cache: string;
  /** Directories of this checkout whose sources it is built from. */
  readonly sources?: readonly string[];
}

/** Beside the assertions, for whoever waits. */
function say(line: string): void {
  console.error(`# ${line}`);
}

/** What decides what the program is. */
function content(module: Module): Buffer {
  const declared = ['go.mod', 'go.sum'].map((name) => path.join(module.directory, name));
  const sources = (module.sources ?? []).flatMap((directory) =>
    readdirSync(path.join(root, directory))
      .sort()
      .map((name) => path.join(directory, name)),
  );
  const files = [...declared, ...sources].map((name) => path.join(root, name));
  return Buffer.concat(files.map((file) => readFileSync(file)));
}

/**
 * The program from the cache, built there if it is not; throws Unavailable. Several processes may do
 * this at once: it is built under another name and renamed when it is complete.
 */
export function buildModule(module: Module): string {
  const directory = path.join(root, module.directory);
  const declared = readFileSync(path.join(directory, 'go.mod'), 'utf8');
  const line = declared.split('\n').find((line) => line.includes(`${module.path} v`));
  const version = line
    ?.trim()
    .split(' ')
    .find((word) => /^v\d/.test(word));
  if (version === undefined) throw new Error(`${directory}/go.mod requires no ${module.path}`);
  const key = createHash('sha256').update(content(module)).digest('hex').slice(0, 12);
  const cache = path.join(root, '.cache', module.cache);
  const program = path.join(cache, `${module.program}-${version}-${process.arch}-${key}`);
  if (existsSync(program)) return program;

  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(path.join(cache, 'build-'));
  const output = path.join(scratch, module.program);
  say(`building ${module.name} ${version}: minutes, if nothing of it was built here before`);
  const began = performance.now();
  try {
    // Linked statically: it has to run wherever there are no libraries.
    const build = spawnSync('go', ['build', '-o', output, module.target], {
      cwd: directory,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (build.error) throw new Unavailable(`go: ${build.error.message}`);
    if (build.status !== 0) {
      const said = build.stderr.trim().split('\n').slice(-3).join('; ');
      throw new Unavailable(`${module.name} ${version} cannot be built: ${said}`);
    }
    renameSync(output, program);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  say(`built ${module.name} ${version} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return program;
}
