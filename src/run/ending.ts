/** How this process ends by a signal, as another one did or as its kind does. */
import { constants } from 'node:os';

/** Ends this process by `signal`, so that its parent sees just that. */
export function endBySignal(signal: NodeJS.Signals): never {
  // Node ignores SIGPIPE and others from its start; listening once gives the default action back.
  const nothing = (): void => undefined;
  if (signal !== 'SIGKILL' && signal !== 'SIGSTOP') {
    process.on(signal, nothing);
    process.removeListener(signal, nothing);
  }
  process.kill(process.pid, signal);
  // Only a signal that is blocked or ignored for good leads here: say it as a shell does.
  return process.exit(128 + constants.signals[signal]);
}
