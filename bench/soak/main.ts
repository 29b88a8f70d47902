// `npm run soak`: starts a command, watches it for a given time, judges, and leaves a report.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machine, version } from '../machine.js';
import { Cluster } from './cluster.js';
import { Command, policyFor } from './command.js';
import { judge } from './judge.js';
import { Follower, Patterns } from './logs.js';
import type { Soak } from './model.js';
import { readOptions } from './options.js';
import type { SoakOptions } from './options.js';
import { run, tell } from './program.js';
import { verdictLines, writeReport } from './report.js';
import { LONGEST_ANSWER_MS, progress, watch } from './watch.js';

/** What is there already is of an earlier soak. */
function makeReady(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const name of ['soak.json', 'soak.md', 'soak.svg', 'seccomp-spoof.log']) {
    rmSync(join(directory, name), { force: true });
  }
  writeFileSync(join(directory, 'command.log'), '');
}

/** The first signal ends the soak with what it has; a second one ends it as signals do. */
function untilSignal(): AbortController {
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      tell(`${signal}: ending; once more to end at once`);
      end.abort(signal);
    });
  }
  return end;
}

async function soak(options: SoakOptions): Promise<Soak> {
  const directory = resolve(options.directory);
  makeReady(directory);
  // What is watched, not what the checkout has become in an hour.
  const [date, ofCheckout] = [new Date().toISOString(), version()];
  const patterns = new Patterns(options.patterns);
  const began = performance.now();
  const onLine = (line: string): void => {
    patterns.look(line, performance.now() - began);
  };
  const command = new Command(options, await policyFor(options), directory, onLine);
  const followers = options.logs.map((path) => new Follower(resolve(path), onLine));
  const { kubeconfig, node, pod } = options;
  const cluster = kubeconfig === undefined ? undefined : new Cluster(kubeconfig, node, pod);
  const end = untilSignal();
  await command.start();
  const watched = { command, cluster, followers, patterns };
  const observations = await watch(watched, options, end.signal, (observation) => {
    tell(progress(observation));
  });
  const lasted = performance.now() - began;
  await cluster?.release(LONGEST_ANSWER_MS);
  await command.stop();
  const { duration: planned, settle, interval, inline } = options;
  const evidence = { observations, matches: patterns.matches, planned, settle, lasted };
  return {
    ...{ format: 1, date, version: ofCheckout, machine: machine({}), planned, settle, interval },
    ...{ command: options.command, policy: command.policy, lasted, observations },
    mechanism: options.native ? null : options.mechanism,
    ...(options.native || inline === 'off'
      ? {}
      : { inline: { asked: inline, outcomes: command.inlined } }),
    interrupted: end.signal.aborted ? String(end.signal.reason) : null,
    matches: patterns.matches,
    criteria: judge({ ...evidence, endings: command.endings }),
  };
}

async function main(words: readonly string[]): Promise<number> {
  const options = await readOptions(words);
  if (options === undefined) return 0;
  const result = await soak(options);
  writeReport(result, resolve(options.directory));
  process.stdout.write(`${verdictLines(result).join('\n')}\n`);
  tell(`report: ${join(options.directory, 'soak.md')}`);
  return result.criteria.some(({ verdict }) => verdict === 'not met') ? 1 : 0;
}

await run(main);
