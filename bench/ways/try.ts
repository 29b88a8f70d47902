// Finding out what can be used here.
import { spawnSync } from 'node:child_process';
import { SILENCE_MS } from '../../test/support/silence.js';
import type { Way } from './way.js';

/** What a command prints, or undefined if it cannot be run or fails. */
export function output(words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

export const firstLine = (text: string | undefined): string | undefined => text?.split('\n')[0];

export function isInstalled(program: string): boolean {
  return output(['sh', '-c', 'command -v "$0"', program]) !== undefined;
}

/** Why `true` does not run under it, or undefined. */
export function tryTrue(way: Pick<Way, 'name' | 'wrap'>): string | undefined {
  const words = way.wrap(['true'], { pinned: false });
  const { status, signal, error, stderr } = spawnSync(words[0] ?? '', words.slice(1), {
    encoding: 'utf8',
    timeout: SILENCE_MS,
  });
  if (error) return error.message;
  if (status === 0) return undefined;
  return `\`true\` ends with ${status ?? signal ?? 'nothing'} under ${way.name}: ${stderr.trim().slice(-400)}`;
}

/** Asked once: an answer may take a while. */
export function once<T>(ask: () => T): () => T {
  let answer: { readonly value: T } | undefined;
  return () => (answer ??= { value: ask() }).value;
}
