// What the programs that soak have in common: how they talk, and how they end.
import { hideBin } from 'yargs/helpers';
import { WrongUsage } from './options.js';

const WRONG_USAGE = 2;

/** A line for people, beside the output. */
export function tell(line: string): void {
  process.stderr.write(`soak: ${line}\n`);
}

/** Runs it with the words of the command line; its number is the status, unless it throws. */
export async function run(main: (words: readonly string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(hideBin(process.argv));
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    process.exitCode = error instanceof WrongUsage ? WRONG_USAGE : 1;
  }
}
