// An image with this machine's Node and npm, in the place of one that a registry would have: none is asked.
// It has a shell and what npm's launcher needs, and npm takes all that it installs from its cache.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findProgram } from '../lanes/programs.js';
import type { Podman } from './podman.js';

const PROGRAMS = ['sh', 'env', 'uname', 'readlink'];

function found(name: string): string {
  const file = findProgram(name);
  if (file === undefined) throw new Error(`no ${name} on the search path`);
  return realpathSync(file);
}

/** The libraries of a program, the dynamic linker among them, by the names that it asks for. */
const librariesOf = (file: string): readonly string[] =>
  [...spawnSync('ldd', [file], { encoding: 'utf8' }).stdout.matchAll(/\/\S+/g)].map(
    ([name]) => name,
  );

/** Makes the image of this name. `scratch`: an empty directory. */
export function makeNodeImage(podman: Podman, name: string, scratch: string): void {
  const root = path.join(scratch, 'root');
  for (const directory of ['usr/bin', 'usr/local/bin', 'usr/local/lib/node_modules', 'tmp'])
    mkdirSync(path.join(root, directory), { recursive: true });
  symlinkSync('usr/bin', path.join(root, 'bin'));
  const programs = PROGRAMS.map((each) => [each, found(each)] as const);
  for (const [each, file] of programs) cpSync(file, path.join(root, 'usr/bin', each));
  cpSync(process.execPath, path.join(root, 'usr/local/bin/node'));
  const npm = path.resolve(found('npm'), '../..');
  cpSync(npm, path.join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', path.join(root, 'usr/local/bin/npm'));
  const files = [process.execPath, ...programs.map(([, file]) => file)];
  for (const library of new Set(files.flatMap(librariesOf)))
    cpSync(realpathSync(library), path.join(root, library));
  const variables = 'npm_config_cache=/cache npm_config_prefer_offline=true';
  const lines = [
    'FROM scratch',
    'COPY root /',
    `ENV PATH=/usr/local/bin:/usr/bin:/bin ${variables}`,
  ];
  writeFileSync(path.join(scratch, 'Dockerfile'), `${lines.join('\n')}\n`);
  podman.build(name, scratch);
}
