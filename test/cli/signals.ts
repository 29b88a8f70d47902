// What `--stats`, which stays as a parent, does with signals that it gets alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { clean } from './helpers.js';

/** `wrapper`: what runs a command that follows. */
export async function passesSignalsOn(t: Test, wrapper: readonly string[]): Promise<void> {
  const told = ['HUP', 'USR1', 'USR2', 'ALRM', 'WINCH', 'CONT'];
  // `wait` returns when a trap was run.
  const body = [
    ...told.map((name) => `trap 'echo ${name}' ${name}`),
    'sleep 1000 &',
    "trap 'kill $!; echo TERM; exit 9' TERM",
    'echo ready',
    'while :; do wait $!; done',
  ].join('\n');
  const [env, words] = clean([...wrapper, 'bash', '-c', body]);
  const child = spawn(env, words, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const ended = once(child, 'exit');
  t.teardown(() => {
    // Only what hangs is left.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  t.equal((await lines.next()).value, 'ready');
  for (const name of told) {
    child.kill(`SIG${name}` as NodeJS.Signals);
    t.equal((await lines.next()).value, name);
  }
  // These reach the command from the terminal by themselves: who stays ignores them.
  child.kill('SIGINT');
  child.kill('SIGQUIT');
  child.kill('SIGTERM');
  t.equal((await lines.next()).value, 'TERM');
  t.same(await ended, [9, null]);
}
