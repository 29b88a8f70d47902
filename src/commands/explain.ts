/** `seccomp-spoof explain`: which rule holds for a path, on which surface, and why not. */
import { plainHelp } from '../command-line/help.js';
import { NO, YES } from '../command-line/status.js';
import { UsageError } from '../errors.js';
import type { Io } from '../run/stdio.js';
import { explain } from './explain-report.js';
import { formatExplain } from './explain-text.js';
import { EXPLAIN_OPTIONS, parseLook } from './look-line.js';

export const USAGE = {
  synopsis: 'explain [OPTION]... PATH',
  about: `Say which rule answers what a program asks about PATH, how the calls would be stopped here, and, where
no rule holds, why each one does not. The compiled policy is asked, as it is while a program runs.`,
  options: EXPLAIN_OPTIONS,
  epilogue: `Without --policy and --fstype the policy is 9p-as-ext4. Ends with 0 if a rule holds, with 1 if none
does, with 2 if that cannot be found out, or on wrong usage.`,
};

/**
 * Runs `explain`: 0 if a rule holds, else 1. Throws UsageError, PolicyError, and whatever keeps the
 * kernel from being asked.
 */
export async function explainCommand(words: readonly string[], io: Io): Promise<number> {
  const line = await parseLook('explain', USAGE.options, words);
  if (line.help) {
    io.out(plainHelp(USAGE));
    return YES;
  }
  const [path, second] = line.paths;
  if (path === undefined) throw new UsageError('explain needs a path; write one');
  if (second !== undefined) {
    throw new UsageError(`explain has no use for ${JSON.stringify(second)}; write one path`);
  }
  if (line.program?.includes('/') === true) {
    throw new UsageError(
      `--program ${line.program} is a path; write the last part of it, which is what rules name`,
    );
  }
  const report = await explain(line, path);
  io.out(line.json ? `${JSON.stringify(report)}\n` : formatExplain(report));
  return report.holds ? YES : NO;
}
