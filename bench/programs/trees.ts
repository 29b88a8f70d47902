// Trees for the programs to work on, the same on every machine.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Size, TreeName } from './program.js';

const FILES_A_DIRECTORY = 10;

/** Lines of text, 100 bytes to 8 KiB, more small ones than large ones, as sources are. */
function text(number: number): string {
  const lines = 2 + ((number * number) % 160);
  return Array.from({ length: lines }, (_, line) => `${number} ${line} ${'.'.repeat(40)}\n`).join(
    '',
  );
}

function git(directory: string, ...words: string[]): void {
  execFileSync('git', ['-C', directory, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // Nobody's configuration takes part.
    env: { PATH: process.env['PATH'], HOME: directory, GIT_CONFIG_NOSYSTEM: '1' },
  });
}

/** A work tree of git with all files committed below `src`. */
function files(directory: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const part = Math.floor(i / FILES_A_DIRECTORY);
    const place = join(directory, 'src', `part${part % 40}`, `of${part}`);
    if (i % FILES_A_DIRECTORY === 0) mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `file${i}.txt`), text(i));
  }
  git(directory, 'init', '--quiet');
  // A sandbox sees other inode numbers and change times: there git would read every file again.
  git(directory, 'config', 'core.checkStat', 'minimal');
  git(directory, 'config', 'core.trustctime', 'false');
  git(directory, 'add', '--all');
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost'];
  git(directory, ...author, '-c', 'commit.gpgsign=false', 'commit', '--quiet', '-m', 'tree');
}

/** Packages of ten modules each, as node_modules has them; main.js loads all. */
function modules(directory: string, count: number): void {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const name = `package${Math.floor(i / FILES_A_DIRECTORY)}`;
    const place = join(directory, 'node_modules', name);
    if (i % FILES_A_DIRECTORY === 0) {
      mkdirSync(join(place, 'lib'), { recursive: true });
      writeFileSync(join(place, 'package.json'), `{ "name": "${name}", "main": "lib/0.js" }\n`);
      names.push(name);
    }
    const inPackage = i % FILES_A_DIRECTORY;
    const next =
      inPackage + 1 < FILES_A_DIRECTORY && i + 1 < count ? `require('./${inPackage + 1}')` : '0';
    writeFileSync(
      join(place, 'lib', `${inPackage}.js`),
      `'use strict';\nfunction own(x) { return x + 1; }\nmodule.exports = own(${next});\n`,
    );
  }
  const sum = names.map((name) => `require('${name}')`).join(' + ');
  // Not what a package.json further up says.
  writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(join(directory, 'main.js'), `console.log(${sum || '0'});\n`);
}

function go(directory: string, packages: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'go.mod'), 'module bench\n\ngo 1.19\n');
  const imports = packages.map((name) => `import _ "${name}"\n`).join('');
  writeFileSync(
    join(directory, 'main.go'),
    `package main\n\n${imports}\nfunc main() { println("built") }\n`,
  );
}

/** Makes a tree in a directory that is not there yet. */
export function makeTree(name: TreeName, directory: string, size: Size): void {
  mkdirSync(directory, { recursive: true });
  if (name === 'files') files(directory, size.files);
  else if (name === 'modules') modules(directory, size.modules);
  else go(directory, size.packages);
}
