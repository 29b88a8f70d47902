/** tap and npm leave dozens of variables, some of which slow every Node down or change its output. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|TAP|NODE_|_TAPJS|TSIMP|FORCE_COLOR$|INIT_CWD$)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...more };
}
