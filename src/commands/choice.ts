/** What is said about a policy that was chosen for a program, and about what no policy can do. */
import { advise } from '../programs/advice.js';
import type { Advice } from '../programs/advice.js';
import { ENVIRONMENT_SIGNS, environmentHere, nameOfProgram } from '../programs/defaults.js';
import type { Choice } from '../programs/defaults.js';

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that can be copied. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** The options that are advised: one line for each, and one with all that can be run as it is. */
export function describeAdvice({ line, options, notes }: Advice): string[] {
  if (options.length === 0) return [...notes];
  const width = Math.max(...options.map(({ option }) => option.length));
  const isAdded = options.some(({ yours }) => !yours);
  return [
    ...notes,
    'what no rule can do here, and options of the command have to:',
    ...options.map(({ option, why }) => `  ${option.padEnd(width)}  ${why}`),
    ...(isAdded ? [`the whole line: ${commandLine(line)}`] : []),
  ];
}

/** Lines for `exec --verbose`; `choice`: undefined where the user has chosen. */
export async function describeChoice(
  command: readonly string[],
  choice: Choice | undefined,
): Promise<string[]> {
  const { environment, program } = choice ?? { environment: environmentHere(), program: undefined };
  const chosen =
    program === undefined
      ? []
      : [`chosen for ${program}, ${ENVIRONMENT_SIGNS[environment]} (--no-auto-policy: not so)`];
  return [...chosen, ...describeAdvice(await advise(command, environment, 'quick'))];
}

/** The one line of `exec` about what the command cannot live without here; undefined: nothing. */
export async function describeMissing(command: readonly string[]): Promise<string | undefined> {
  const { options } = await advise(command, environmentHere(), 'quick');
  const vital = options.filter((each) => each.vital).map(({ option }) => option);
  if (vital.length === 0) return undefined;
  const program = nameOfProgram(command[0] ?? '');
  return `${program} ends here without ${vital.join(' ')} (why: seccomp-spoof doctor ${commandLine(command)})`;
}
