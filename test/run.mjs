// What `npm test [-- FILE|DIRECTORY...]` runs: builds the subjects, hands the test files to tap,
// and counts every assertion in tap's raw output. Ends with a line `N passed, N failed`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Parser } from 'tap-parser';
import { giveUp, needs } from '../src/build/steps.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const inCi = Boolean(process.env.CI);
/**
 * Only to detect what hangs and nobody else has noticed: what tests wait for has a limit of its own
 * (test/support/silence.ts), and the longest file takes an hour beside a load of twenty. The long forms
 * of some tests need more (docs/lanes.md).
 */
const secondsAFile = Number(process.env.SECONDS_A_FILE ?? 6 * 3600);

/** The part of the others that takes about as long as all emulated machines. */
const BESIDE_GUESTS = 0.55;

/** npm and tap leave dozens of variables; a test must not depend on who started it. */
function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|TAP|NODE_OPTIONS$|NODE_CHANNEL|FORCE_COLOR$|INIT_CWD$)/.test(name),
    ),
  );
}

/** Not into what was built, where a tree for the guest has links to everywhere. */
function testsIn(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(directory, entry.name);
    if (entry.isDirectory()) return name === path.join('test', 'build') ? [] : testsIn(name);
    return name.endsWith('.test.ts') ? [name] : [];
  });
}

function testFiles(words) {
  if (words.length === 0) words = ['test'];
  return words.flatMap((word) => {
    if (!existsSync(word)) giveUp(`no such test file or directory: ${word}`);
    return statSync(word).isDirectory() ? testsIn(word).sort() : [word];
  });
}

function run(command, words) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, env: cleanEnvironment(), stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${words.join(' ')} ended with ${code ?? signal}`));
    });
  });
}

const tally = { passed: 0, failed: 0, failures: [], skipped: [], notApplicable: [] };

function onFailure(result) {
  tally.failed += 1;
  const first = (result.name || '').split('\n', 1)[0];
  tally.failures.push(result.fullname ? `${result.fullname}: ${first}` : first);
  console.log(`  not ok ${result.fullname || result.name}`);
  if (result.fullname && result.name) console.log(`         ${result.name}`);
  if (result.diag) {
    const text = JSON.stringify(result.diag, undefined, 2).replaceAll('\\n', '\n');
    console.log(text.replaceAll(/^/gm, '         '));
  }
}

function watchComments(parser) {
  parser.on('comment', (comment) => {
    const [, what] = /^# not applicable: (.*)/.exec(comment.trim()) ?? [];
    if (what !== undefined) tally.notApplicable.push(what);
  });
  parser.on('child', watchComments);
}

/** One run of tap over these files; true when tap itself was content. */
function runTap(files, jobs) {
  if (files.length === 0) return Promise.resolve(true);
  const words = [
    path.join(root, 'node_modules/tap/dist/esm/run.mjs'),
    'run',
    '--reporter=tap',
    '--disable-coverage',
    '--allow-empty-coverage',
    `--timeout=${secondsAFile}`,
    `--jobs=${jobs}`,
    ...(inCi ? ['--fail-skip'] : []),
    ...files,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, {
      cwd: root,
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const parser = new Parser();
    parser.on('pass', () => (tally.passed += 1));
    parser.on('todo', () => (tally.passed += 1));
    parser.on('fail', onFailure);
    parser.on('skip', (result) => {
      const reason = typeof result.skip === 'string' ? result.skip : 'no reason given';
      const line = `${result.fullname || result.name}: ${reason}`;
      if (inCi) onFailure(result);
      else tally.skipped.push(line);
    });
    parser.on('assert', (file) => {
      console.log(
        `${file.ok ? 'ok' : 'not ok'} ${file.name}${file.time ? ` (${file.time} ms)` : ''}`,
      );
    });
    watchComments(parser);
    child.stdout.pipe(parser);
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0 && parser.ok));
  });
}

/** What people may lack who only want to see whether it works. CI has all of it, or fails. */
function askForCompilers() {
  const advice = 'install a C compiler and make (Debian: apt install gcc make libc6-dev)';
  for (const command of [(process.env.CC ?? 'cc').split(' ')[0], 'make']) needs(command, advice);
  if (spawnSync('go', ['version']).status === 0) return;
  const missing = 'there is no Go here (Debian: apt install golang)';
  if (inCi) giveUp(missing);
  console.log(`${missing}: programs in it are left out, and tests that need them are skipped`);
  if (!existsSync('test/build/go/.built')) tally.skipped.push(`subjects in Go: ${missing}`);
}

async function main() {
  askForCompilers();
  const files = testFiles(process.argv.slice(2));
  if (!existsSync(path.join(root, 'dist/seccomp-spoof'))) {
    console.log('dist/seccomp-spoof is missing (`npm run build` makes it): much will fail');
  }
  // Another run in this checkout takes its turn: nobody starts a program that is just being written.
  mkdirSync('test/build', { recursive: true });
  const inTurn = (...words) => run('flock', ['test/build/.lock', ...words]);
  await inTurn('make', '--no-print-directory', '-s', '-j2', '-C', 'test/subjects');

  // What `npm run bench` and `npm run soak` start; once, so that no two tests write it.
  await inTurn(process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'bench');

  // A file that needs the machine for itself (stress, timing) is called *.alone.test.ts.
  const alone = files.filter((file) => file.endsWith('.alone.test.ts'));
  // An emulated machine takes several times as long where its processors wait for ours: one at a time, and one file beside it.
  const guests = files.filter((file) => /\bguest\b/.test(file) && !alone.includes(file));
  const others = files.filter((file) => !alone.includes(file) && !guests.includes(file));
  const beside = others.splice(0, guests.length > 0 ? Math.ceil(others.length * BESIDE_GUESTS) : 0);
  let content = (await Promise.all([runTap(guests, 1), runTap(beside, 1)])).every(Boolean);
  content = (await runTap(others, 2)) && content;
  content = (await runTap(alone, 1)) && content;

  for (const line of tally.skipped) console.log(`skipped: ${line}`);
  for (const line of tally.notApplicable) console.log(`not applicable: ${line}`);
  // Once more at the end, where whoever reads a long log looks first.
  for (const line of tally.failures) console.log(`failed: ${line}`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  if (!content && tally.failed === 0) console.log('tap itself ended with a failure');
  return content && tally.failed === 0 && tally.passed > 0;
}

process.chdir(root);
process.exitCode = (await main()) ? 0 : 1;
