// A tree of programs that asks all the time and checks every answer (test/kill/load.c), and what the
// supervisor above it uses.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buildKillTools, cleanly, program, root } from '../inplace/helpers.js';
import { sizesOfShm, stopLoad, type Tally } from '../kill/load.js';
import { childrenOf, numberOf, readLog, Subject } from '../support/subject.js';

const tools = buildKillTools();
const goSubject = path.join(tools, 'load-go');

/** `policy`: a file whose rules the load asks for, test/kill/kill.alone.test.ts. */
export interface Way {
  readonly mechanism: string;
  readonly policy: string;
}

export const execBy = ({ mechanism, policy }: Way): readonly string[] => [
  ...[program, 'exec', '-q', '-m', mechanism, '--inline', 'off'],
  ...['--policy', policy, '--fstype', 'tmpfs=ext4'],
];

type Counted = Omit<Tally, 'subject'>;

/** What guardian and worker hold. */
export interface Sample {
  readonly memoryKb: number;
  readonly descriptors: number;
}

function sampleOf(pid: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return {
    memoryKb: Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1] ?? 0),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

export class Tree {
  readonly subject: Subject;
  readonly log: string;

  constructor(way: Way, place: string, options: readonly string[] = []) {
    const go = existsSync(goSubject) ? goSubject : '-';
    this.log = path.join(place, 'log');
    const load = [path.join(tools, 'load'), ...sizesOfShm(), path.join(place, 'stop')];
    const exec = [...execBy(way), '--log-file', this.log, ...options];
    const shell = path.join(root, 'test/kill/load.sh');
    this.subject = new Subject(cleanly([...exec, ...load, go, shell]));
  }

  get guardian(): number {
    const started = readLog(this.log).find(({ msg }) => msg === 'guardian started');
    return numberOf(started, 'guardian');
  }

  /** The guardian first. */
  get supervisors(): readonly number[] {
    const { guardian } = this;
    return [guardian, ...childrenOf(guardian)];
  }

  /** The first one, and those that it has started. */
  get programs(): readonly number[] {
    return [this.subject.pid, ...childrenOf(this.subject.pid)];
  }

  /** Works until the promise is kept. Throws if one answer was wrong. */
  async work(meanwhile: Promise<unknown>): Promise<Counted> {
    this.subject.say('go');
    await meanwhile;
    const tallies = await stopLoad(this.subject);
    const sum = (of: keyof Counted): number => tallies.reduce((all, one) => all + one[of], 0);
    const all = { calls: sum('calls'), native: sum('native'), wrong: sum('wrong') };
    if (all.wrong > 0) throw new Error(`${all.wrong} answers are wrong: ${this.subject.errors}`);
    return all;
  }

  /** While nothing is asked. */
  sample(): Sample {
    const samples = this.supervisors.map(sampleOf);
    return {
      memoryKb: samples.reduce((all, { memoryKb }) => all + memoryKb, 0),
      descriptors: Math.max(...samples.map(({ descriptors }) => descriptors)),
    };
  }
}
