// Ordinary programs, over and over, on each mechanism: shells with pipelines, Node, Python, and Go
// with many goroutines. Every run has to print what the native one does (with the answer of the
// rule in place of the filesystem's type) and to end with its status.
// RUNS=1000 makes it the long form, ONLY='go|bash' picks programs, WHERE='^trace, here' places, REPORT=FILE
// is where the figures go, as a section; a few runs are enough to notice what breaks always.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { Gvisor, share } from '../lanes/gvisor/gvisor.js';
import { debian, newest } from '../lanes/gvisor/runsc.js';
import { magics } from '../lanes/lane.js';
import { cleanCommand } from '../support/environment.js';
import { missingGo } from '../support/go.js';
import { root, seccompSpoof, testBuild } from '../support/paths.js';
import { madeBy, thisMachine, writeSection } from '../support/section.js';
import { quote } from '../support/shell.js';
import { SILENCE_MS } from '../support/silence.js';

const runs = Number(process.env['RUNS'] ?? 4);
const here = path.join(root, 'test/repeat');

const only = new RegExp(process.env['ONLY'] ?? '');
const where = new RegExp(process.env['WHERE'] ?? '');
const known: Readonly<Record<string, readonly string[]>> = {
  dash: ['dash', path.join(here, 'pipeline.sh')],
  bash: ['bash', path.join(here, 'pipeline.sh')],
  node: [process.execPath, path.join(here, 'program.mjs')],
  python: ['python3', path.join(here, 'program.py')],
  go: [path.join(testBuild, 'go/files')],
};

const programs = Object.entries(known)
  .filter(([name]) => only.test(name))
  .filter(([name]) => name !== 'go' || missingGo === false);
if (missingGo !== false) t.pass('Go', { skip: missingGo });

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A shell script in a directory, to its end. */
async function shell(script: string, cwd: string): Promise<Ended> {
  const [program, words] = cleanCommand(['sh', '-c', script]);
  const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, stdout, stderr });
    });
  });
}

/** Runs `command` once natively and `count` times below `exec`, all in the current directory. */
function comparison(command: readonly string[], count: number, options: string, from: number) {
  const words = command.map(quote).join(' ');
  const answer = `s/${from.toString(16)}/${magics.ext4.toString(16)}/g`;
  return [
    `{ ${words} 2>&1; echo "status $?"; } >native`,
    `sed ${quote(answer)} native >expected`,
    'if cmp -s native expected; then echo "the native run says nothing of the type"; cat native; fi',
    `${quote(seccompSpoof)} exec ${options} -- sh ${quote(path.join(here, 'repeat.sh'))} ${count} expected ${words}`,
  ].join('\n');
}

/** For REPORT; programs whose runs differ are in the failure. */
const figures: string[] = [];

const outcome = (count: number): Ended => ({
  status: 0,
  stdout: `${count} runs, 0 differ\n`,
  stderr: '',
});

for (const [way, words] of [
  ...['notify', 'trace', 'ptrace'].map((mechanism) => [mechanism, `-m ${mechanism} --inline off`]),
  ...['notify', 'trace'].map((mechanism) => [
    `inline ${mechanism}`,
    `-m ${mechanism} --inline always`,
  ]),
] as const) {
  const title = `${way}, here`;
  if (!where.test(title)) continue;
  await t.test(title, async (test: Test) => {
    const place = mkdtempSync('/dev/shm/seccomp-spoof-');
    test.teardown(() => {
      rmSync(place, { recursive: true, force: true });
    });
    for (const [name, command] of programs) {
      const options = `${words} --fstype tmpfs=ext4`;
      const script = comparison(command, runs, options, magics.tmpfs);
      const same = test.same(await shell(script, place), outcome(runs), `${runs} times ${name}`);
      figures.push(`| ${name} | ${title} | ${runs} | ${same ? 0 : 'some'} |`);
    }
  });
}

/** So many in one sandbox; it says nothing before it ends. */
const most = 50;
const silenceMs = most * SILENCE_MS;

/** A start alone takes a hundred times as long there. */
const fewer = process.env['RUNS'] === undefined ? 1 : runs;

for (const [name, runsc] of Object.entries({ 'gVisor of 2022': debian, 'newest gVisor': newest })) {
  const titled = ['trace', 'ptrace'].map((mechanism) => ({
    mechanism,
    title: `${mechanism}, in ${name}`,
  }));
  const wanted = titled.filter(({ title }) => where.test(title));
  if (wanted.length === 0) continue;
  const gvisor = new Gvisor(runsc);
  const skip = await gvisor.unavailable();
  for (const { mechanism, title } of wanted) {
    await t.test(title, { skip }, async (test) => {
      for (const [program, command] of programs) {
        const began = performance.now();
        let same = true;
        for (let done = 0; done < fewer; done += most) {
          const count = Math.min(most, fewer - done);
          const script = comparison(command, count, `-m ${mechanism}`, magics.v9fs);
          const ended = await gvisor.run(`cd ${share}\n${script}`, { silenceMs });
          const seconds = Math.round((performance.now() - began) / 1000);
          const so = `${done + count} times ${program} in ${seconds} s`;
          same = test.same(ended, outcome(count), so) && same;
          if (fewer > most) process.stderr.write(`# ${title}: ${so}\n`);
        }
        figures.push(`| ${program} | ${title} | ${fewer} | ${same ? 0 : 'some'} |`);
      }
    });
  }
}

const report = process.env['REPORT'];
if (report !== undefined)
  writeSection(path.resolve(root, report), 'Over and over', [
    `${madeBy('npm test -- test/repeat')}; do not edit. Each run has to print what`,
    'the native one does, and to end with its status.',
    thisMachine(),
    '',
    '| program | where | runs | differ |',
    '| --- | --- | --- | --- |',
    ...figures,
  ]);
