// Whether a soak was passed: what the experiment that this project comes from asked for, and that
// nothing fell over.
import { clock } from './duration.js';
import type { Criterion, Match, Observation, Question, Verdict } from './model.js';

/** What the verdicts depend on. */
export interface Evidence {
  readonly observations: readonly Observation[];
  readonly matches: readonly Match[];
  readonly endings: readonly string[];
  readonly planned: number;
  readonly settle: number;
  readonly lasted: number;
}

const verdict = (met: boolean): Verdict => (met ? 'met' : 'not met');

/** From the time on when it must work; if the soak was shorter than that, its last look. */
function settled({ observations, settle }: Evidence): readonly Observation[] {
  const later = observations.filter(({ at }) => at >= settle);
  return later.length > 0 ? later : observations.slice(-1);
}

const answersTo = (question: Question, looks: readonly Observation[]) =>
  looks.flatMap(({ at, answers }) => {
    const answer = answers[question];
    return answer === undefined ? [] : [{ at, ...answer }];
  });

/** An answer that must be right at every look; what is counted has to have happened in the end. */
function always(name: string, question: Question, evidence: Evidence): Criterion {
  const answers = answersTo(question, settled(evidence));
  if (answers.length === 0) return { name, verdict: 'not asked', why: 'nobody was asked' };
  const bad = answers.filter(({ ok }) => !ok);
  const [worst, last] = [bad[0], answers.at(-1)];
  if (last?.count === 0) return { name, verdict: 'not met', why: last.detail };
  const why =
    worst === undefined
      ? `${answers.length} looks, the last: ${last?.detail ?? ''}`
      : `${bad.length} of ${answers.length} looks, the first at ${clock(worst.at)}: ${worst.detail}`;
  return { name, verdict: verdict(bad.length === 0), why };
}

function quietLog({ observations, matches, settle }: Evidence): Criterion {
  const name = 'no cAdvisor errors in the log';
  const total = (observation: Observation | undefined): number =>
    Object.values(observation?.matches ?? {}).reduce((sum, count) => sum + count, 0);
  const all = total(observations.at(-1));
  const early = total(observations.findLast(({ at }) => at <= settle));
  const later = all - early;
  const first = matches.find(({ at }) => at > settle);
  const why =
    later > 0
      ? `${later} lines, the first: ${first?.line ?? 'not kept'}`
      : `no line${early > 0 ? ` but ${early} while it settled` : ''}`;
  return { name, verdict: verdict(later === 0), why };
}

function stayedUp({ observations, endings }: Evidence): Criterion {
  const name = 'it stays up';
  const down = observations.find(({ alive }) => !alive);
  const [first] = endings;
  if (first === undefined && down === undefined) {
    return { name, verdict: 'met', why: `${observations.length} looks, never started again` };
  }
  const at = down === undefined ? '' : ` (seen at ${clock(down.at)})`;
  const times = `${endings.length} time${endings.length === 1 ? '' : 's'}`;
  return { name, verdict: 'not met', why: `it ended ${times}, first: ${first ?? 'unknown'}${at}` };
}

function nothingGivenUp({ observations }: Evidence): Criterion {
  const name = 'the supervisor answers everything';
  const counters = observations.findLast((each) => each.counters !== null)?.counters;
  if (counters === undefined || counters === null) {
    return { name, verdict: 'not asked', why: 'without seccomp-spoof' };
  }
  const { stopped, answered, fallbacks, givenUp, workerStarts } = counters;
  return {
    name,
    verdict: verdict(givenUp === 0),
    why:
      `${stopped} calls stopped, ${answered} answered, ${fallbacks} without an exact answer, ` +
      `${givenUp} given up, ${workerStarts} worker starts`,
  };
}

function wholeTime({ lasted, planned }: Evidence): Criterion {
  return {
    name: 'the whole time',
    verdict: verdict(lasted >= planned),
    why: `${clock(lasted)} of ${clock(planned)}`,
  };
}

/** The first four are the experiment's own. */
export function judge(evidence: Evidence): Criterion[] {
  return [
    always('the node is Ready and stays so', 'node', evidence),
    quietLog(evidence),
    always('statistics of filesystems are reported', 'statistics', evidence),
    always('a pod runs', 'pod', evidence),
    always('pods come and go', 'visitor', evidence),
    stayedUp(evidence),
    wholeTime(evidence),
    nothingGivenUp(evidence),
  ];
}
