// Interleaved rounds of the programs in one place: on this kernel, or inside a sandbox on it.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { build } from '../paths.js';
import { isInstalled } from '../ways/try.js';
import { everyday } from './everyday.js';
import { onManyFiles } from './made.js';
import { runOnce, type Program, type Size, type TreeName } from './program.js';
import { makeTree } from './trees.js';

export const programs: readonly Program[] = [...onManyFiles, ...everyday];

/** What is to be measured of one program. */
export interface Task {
  readonly row: string;
  /** The words in front of the command, by the name of the way; the first one is native. */
  readonly ways: Readonly<Record<string, readonly string[]>>;
}

export interface Timed {
  readonly row: string;
  /** Milliseconds by the name of the way, in the order of the rounds. */
  readonly milliseconds: Readonly<Record<string, readonly number[]>>;
  /** Ways under which the program did something else than natively, and what. */
  readonly wrong: Readonly<Record<string, string>>;
  /** Why nothing was measured: the machine lacks something that the program needs. */
  readonly unusable?: string;
}

export function programOf(row: string): Program {
  const program = programs.find((each) => each.row === row);
  if (program === undefined) throw new Error(`there is no program "${row}"`);
  return program;
}

/** Commands of a program that are not installed here. */
export const missing = ({ needs }: Program): readonly string[] =>
  needs.filter((command) => !isInstalled(command));

/** Trees that are made when they are first asked for, where a sandbox sees them too. */
export class Trees {
  readonly #size: Size;
  #directory: string | undefined;

  constructor(size: Size) {
    this.#size = size;
  }

  get(name: TreeName | undefined): string | undefined {
    if (name === undefined) return undefined;
    this.#directory ??= mkdtempSync(join(build, 'trees-'));
    const tree = join(this.#directory, name);
    if (!existsSync(tree)) makeTree(name, tree, this.#size);
    return tree;
  }

  remove(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }
}

/** A way that is wrong once is not asked again. */
export async function timeProgram(
  { row, ways }: Task,
  rounds: number,
  size: Size,
  tree: string | undefined,
): Promise<Timed> {
  const program = programOf(row);
  const milliseconds: Record<string, number[]> = {};
  const wrong: Record<string, string> = {};
  const names = Object.keys(ways);
  // What was never read comes from the disk: that is nobody's cost.
  const expected = runOnce(program, [], size, tree);
  if (!expected.result.startsWith('0 ')) {
    const why = `it does not work natively: ${expected.result} ${expected.errors.trim().slice(-400)}`;
    return { row, milliseconds, wrong, unusable: why };
  }
  for (let round = 0; round < rounds; round++)
    // Each time another way comes first: what one leaves to do to the kernel hits all.
    for (const at of names.keys()) {
      const name = names[(at + round) % names.length] ?? '';
      await setImmediate(); // so that what asks the bench to end (Ctrl-C) is heard between two runs
      if (wrong[name] !== undefined) continue;
      const ran = runOnce(program, ways[name] ?? [], size, tree);
      if (ran.result !== expected.result)
        wrong[name] =
          `${ran.result} instead of ${expected.result}; ${ran.errors.trim().slice(-400)}`;
      (milliseconds[name] ??= []).push(ran.milliseconds);
    }
  return { row, milliseconds, wrong };
}
