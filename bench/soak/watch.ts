// Looks at everything, again and again, until the time is over or somebody wants it to end.
import { setTimeout } from 'node:timers/promises';
import { clock } from './duration.js';
import type { Cluster } from './cluster.js';
import type { Command } from './command.js';
import type { Follower, Patterns } from './logs.js';
import type { Observation, Outcome, Question } from './model.js';
import type { SoakOptions } from './options.js';
import { askStatistics } from './statistics.js';

export interface Watched {
  readonly command: Command;
  readonly cluster: Cluster | undefined;
  readonly followers: readonly Follower[];
  readonly patterns: Patterns;
}

/** The longest that one question may take, however often is asked: on a busy machine the next look is late. */
export const LONGEST_ANSWER_MS = 10_000;

async function ask(
  { cluster }: Watched,
  options: SoakOptions,
): Promise<Partial<Record<Question, Outcome>>> {
  const timeout = LONGEST_ANSWER_MS;
  const { statistics, pod } = options;
  const [node, answer, staying, visitor] = await Promise.all([
    cluster?.askNode(timeout),
    statistics === undefined ? undefined : askStatistics(statistics, timeout),
    pod === undefined ? undefined : cluster?.askPod(timeout),
    pod === undefined ? undefined : cluster?.askVisitor(timeout),
  ]);
  return {
    ...(node === undefined ? {} : { node }),
    ...(answer === undefined ? {} : { statistics: answer }),
    ...(staying === undefined ? {} : { pod: staying }),
    ...(visitor === undefined ? {} : { visitor }),
  };
}

async function look(watched: Watched, options: SoakOptions, at: number): Promise<Observation> {
  const { command, followers, patterns } = watched;
  const alive = command.alive;
  const [usage, supervisor] = [command.usage, command.supervisor];
  const answers = await ask(watched, options);
  for (const follower of followers) follower.poll();
  const counted = command.counters;
  const counters = counted && { ...counted };
  return {
    ...{ at, alive, restarts: command.restarts, command: usage, supervisor, counters },
    ...{ answers, matches: patterns.counts() },
  };
}

/** One line about one look. */
export function progress({
  at,
  alive,
  command,
  supervisor,
  counters,
  ...rest
}: Observation): string {
  const { answers, matches, restarts } = rest;
  const megabytes = (kilobytes: number): string => `${(kilobytes / 1024).toFixed(0)} MB`;
  const errors = Object.values(matches).reduce((sum, count) => sum + count, 0);
  const parts = [
    clock(at),
    alive ? 'up' : 'down',
    ...(restarts > 0 ? [`${restarts} restarts`] : []),
    ...Object.entries(answers).map(([name, { ok, detail }]) => `${name} ${ok ? 'ok' : detail}`),
    ...(errors > 0 ? [`${errors} bad lines`] : []),
    ...(command === null ? [] : [`${megabytes(command.memory)}, ${command.cpu.toFixed(0)} s`]),
    ...(supervisor === null
      ? []
      : [`supervisor ${megabytes(supervisor.memory)}, ${supervisor.cpu.toFixed(0)} s`]),
    ...(counters === null ? [] : [`${counters.stopped} stopped`]),
  ];
  return parts.join('  ');
}

/**
 * Looks at the begin, at every interval, and at the end; ends sooner if `end` says so, or if the
 * command has ended and is not to be started again.
 */
export async function watch(
  watched: Watched,
  options: SoakOptions,
  end: AbortSignal,
  tell: (observation: Observation) => void,
): Promise<Observation[]> {
  const began = performance.now();
  const observations: Observation[] = [];
  for (let turn = 1; ; turn++) {
    const observation = await look(watched, options, performance.now() - began);
    observations.push(observation);
    tell(observation);
    const over = performance.now() - began >= options.duration;
    if (over || end.aborted || (!observation.alive && !options.restart)) return observations;
    const next = Math.min(turn * options.interval, options.duration);
    const rest = Math.max(0, next - (performance.now() - began));
    await setTimeout(rest, undefined, { signal: end }).catch(() => undefined);
    if (options.restart) await watched.command.startAgain();
  }
}
