/** tap and npm leave dozens of variables, some of which slow every Node down or change its output. */
function keeps([name, value]: readonly [string, string | undefined]): boolean {
  return value !== undefined && !/^(npm_|TAP|NODE_|_TAPJS|TSIMP|FORCE_COLOR$|INIT_CWD$)/.test(name);
}

/**
 * A command line that runs `command` with a clean environment, in the same process. Handing an `env`
 * to child_process is not enough: inside a test file tap puts NODE_OPTIONS back at every spawn.
 */
export function cleanCommand(
  command: readonly string[],
  more: Readonly<Record<string, string>> = {},
): readonly [string, string[]] {
  const kept = Object.fromEntries(Object.entries(process.env).filter(keeps));
  const variables = Object.entries({ ...kept, ...more }).map(([name, value]) => `${name}=${value}`);
  return ['env', ['-i', ...variables, ...command]];
}
