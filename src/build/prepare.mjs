/**
 * npm's `prepare`, and `npm run build`: everything below dist/. It runs where the package is made
 * (a checkout, npm pack, a git dependency), never where it is installed from a registry. `--needed`: a
 * failure if nothing can be built.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { bundleCommand } from './bundle.mjs';
import {
  dist,
  giveUp,
  install,
  installNative,
  nativeDirectory,
  needs,
  root,
  run,
} from './steps.mjs';

/** File times may lag behind the clock. */
const CLOCK_SLACK_MS = 1000;
const started = Date.now();

/**
 * Path of the TypeScript compiler among the installed dependencies (not one of NODE_PATH), or
 * undefined: npm runs prepare with --omit=dev, too.
 */
function findCompiler() {
  for (let directory = root; ; directory = dirname(directory)) {
    const compiler = join(directory, 'node_modules/typescript/bin/tsc');
    if (existsSync(compiler)) return compiler;
    if (directory === dirname(directory)) return undefined;
  }
}

/** Removes what this build has not written: files of sources that are gone, not those of other machines. */
function removeOlder(directory, time) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (directory === join(dist, 'native') && path !== nativeDirectory(process.arch)) continue;
    if (entry.isDirectory()) removeOlder(path, time);
    else if (statSync(path).mtimeMs < time) rmSync(path);
  }
}

const compiler = findCompiler();
if (compiler === undefined) {
  const why = 'the development dependencies are not installed';
  if (process.argv.includes('--needed')) giveUp(`${why}: run \`npm ci\` here first`);
  console.log(`seccomp-spoof: nothing is built, ${why}`);
  process.exit(0);
}

console.log('seccomp-spoof: building the C programs and the TypeScript, about half a minute');
const advice = 'install a C compiler and make (Debian: apt install gcc make libc6-dev)';
needs('make', advice);
needs((process.env.CC ?? 'cc').split(' ')[0], advice);
run(['make', '-C', 'csrc', '--no-print-directory', '-j4', 'all', 'stripped']);

run([process.execPath, compiler, '-p', 'tsconfig.json']);
await bundleCommand(root, join(dist, 'command'));
installNative('build', process.arch);
// Of this machine, for the checkout; a package has the launcher for all machines.
install(join(nativeDirectory(process.arch), 'seccomp-spoof'), join(dist, 'seccomp-spoof'));
install(join(root, 'src/build/launcher.sh'), join(dist, 'launcher'));

run([process.execPath, join(dist, 'build/compile-policies.js')]);
run([process.execPath, join(dist, 'build/manual.js')]);
// The same as dist/command once more, module by module.
for (const name of ['cli.js', 'cli.d.ts', 'commands']) {
  rmSync(join(dist, name), { recursive: true, force: true });
}
removeOlder(dist, started - CLOCK_SLACK_MS);
