// Child processes and files of the bench, none of which outlives it.
import { spawn, type ChildProcess } from 'node:child_process';
import { SILENCE_MS } from '../test/support/silence.js';

const undo = new Set<() => void>();

/** Done once: when what is returned is called, or else when the bench ends, however it ends. */
export function atEnd(clean: () => void): () => void {
  const once = (): void => {
    if (undo.delete(once)) clean();
  };
  undo.add(once);
  return once;
}

process.on('exit', () => {
  for (const clean of [...undo].reverse()) clean();
});
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const)
  process.on(signal, () => process.exit(128 + number));

function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL'); // the group: tracers and their tracees
  } catch {
    // it has just ended
  }
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a session of its own, killed as a whole when it falls silent. */
export function run(words: readonly string[]): Promise<Ended> {
  const child = spawn(words[0] ?? '', words.slice(1), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  const stop = atEnd(() => {
    kill(child);
  });
  const timer = setTimeout(() => {
    said.stderr += `killed: silent for ${SILENCE_MS} ms`;
    stop();
  }, SILENCE_MS);
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      timer.refresh();
      said[name] += text;
    });
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (status, signal) => {
      done();
      resolve({ status, signal, ...said });
    });
  });
}
