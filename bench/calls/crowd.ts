// A mount namespace with many mounts, kept by a process of ours that others enter it through.
import { spawn } from 'node:child_process';
import { compile } from '../compile.js';
import { atEnd } from '../running.js';
import { isInstalled } from '../ways/try.js';

export interface Crowd {
  /** The words that run this command in it. */
  readonly wrap: (words: readonly string[]) => readonly string[];
  readonly remove: () => void;
}

/** Or the reason why there can be none. */
export async function makeCrowd(directory: string, mounts: number): Promise<Crowd | string> {
  if (!isInstalled('nsenter')) return 'nsenter (util-linux) is not installed';
  const child = spawn(compile('crowd'), [directory, String(mounts)], {
    detached: true, // Ctrl-C is for us, and takes it along when we end
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // It ends when its standard input does: also if we are killed.
  const remove = atEnd(() => child.stdin.destroy());
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const namespaces = await new Promise<string | undefined>((resolve, reject) => {
    child.on('error', reject);
    child.stdout.setEncoding('utf8').once('data', resolve);
    child.on('close', () => {
      resolve(undefined);
    });
  });
  if (namespaces === undefined || child.pid === undefined) {
    remove();
    return stderr.trim();
  }
  const flags = namespaces.startsWith('user') ? ['--user', '--preserve-credentials'] : [];
  const enter = ['nsenter', '-t', String(child.pid), ...flags, '--mount', '--'];
  return { wrap: (words) => [...enter, ...words], remove };
}
