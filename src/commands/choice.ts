/** What is said about a policy that was chosen for a program, and about what no policy can do. */
import { advise } from '../programs/advice.js';
import type { Advice } from '../programs/advice.js';
import { ENVIRONMENT_SIGNS, environmentHere } from '../programs/defaults.js';
import type { Choice } from '../programs/defaults.js';

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that can be copied. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** The options that are advised: one line for each, and one with all of them. */
export function describeAdvice({ line, options }: Advice): string[] {
  if (options.length === 0) return [];
  const width = Math.max(...options.map(({ option }) => option.length));
  return [
    'what no rule can do here, and options of the command have to:',
    ...options.map(({ option, why }) => `  ${option.padEnd(width)}  ${why}`),
    `the whole line: ${commandLine(line)}`,
  ];
}

/** Lines for `exec --verbose`; `choice`: undefined where the user has chosen. */
export function describeChoice(command: readonly string[], choice: Choice | undefined): string[] {
  const { environment, program } = choice ?? { environment: environmentHere(), program: undefined };
  const chosen =
    program === undefined
      ? []
      : [`chosen for ${program}, ${ENVIRONMENT_SIGNS[environment]} (--no-auto-policy: not so)`];
  return [...chosen, ...describeAdvice(advise(command, environment))];
}
