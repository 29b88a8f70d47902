// The programs that make the calls, and what they print.
import invariant from 'tiny-invariant';
import { compile, compileGo } from '../compile.js';
import type { Row } from '../model.js';
import { once } from '../ways/try.js';
import type { Way } from '../ways/way.js';
import { types } from '../types.js';
import { realContent, type Scratch } from './scratch.js';

export interface Driver {
  readonly name: Extract<Row['driver'], 'c' | 'go'>;
  /** Its file, or why there is none. */
  readonly program: () => { readonly file: string } | { readonly missing: string };
}

/** Nothing can be measured without it, so that it throws if it cannot be compiled. */
export const cDriver: Driver = {
  name: 'c',
  program: once(() => ({ file: compile('calls') })),
};

export const goDriver: Driver = {
  name: 'go',
  program: once(() => {
    try {
      return { file: compileGo() };
    } catch (error) {
      return { missing: error instanceof Error ? error.message : String(error) };
    }
  }),
};

export interface Asked {
  readonly shapes: readonly string[];
  readonly threads: number;
  readonly ms: number;
  /** Instead of measuring: so many calls of the one shape for each line that it is told. */
  readonly step?: number;
}

/** The words that run a driver under a way, and the answers that it has to find there. */
export function driverWords(
  file: string,
  scratch: Scratch,
  way: Pick<Way, 'does' | 'asks'>,
  { shapes, threads, ms, step }: Asked,
): readonly string[] {
  const { does, asks = { path: scratch.directory, type: types.tmpfs } } = way;
  const [seen, gone] = does.mounts ? ['ext4', ['--table-lacks', 'tmpfs']] : ['tmpfs', []];
  return [
    file,
    ...['--directory', scratch.directory],
    ...['--threads', String(threads), '--ms', String(ms)],
    ...(step === undefined ? [] : ['--step', String(step)]),
    ...['--statfs', asks.path],
    ...['--type', String(does.statfs ? types.ext4 : asks.type)],
    ...['--content', does.virtual ? scratch.job.virtual.content : realContent],
    ...['--table-has', seen, ...gone],
    ...shapes,
  ];
}

/** What a driver says of one shape. */
export interface Figures {
  readonly shape: string;
  readonly calls: number;
  readonly ns: number;
  readonly perSecond: number;
  readonly threadNs: readonly number[];
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface Failed {
  readonly shape: string;
  readonly error: string;
}

export function parseFigures(text: string): readonly (Figures | Failed)[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const figures = JSON.parse(line) as Figures | Failed;
      invariant('error' in figures || figures.ns > 0, `not a line of a driver: ${line}`);
      return figures;
    });
}
