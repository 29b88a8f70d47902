/** Whether an overlay can have its upper directory at a place: `supervisor overlay` tries it. */
import { execFile } from 'node:child_process';

import { supervisorPath } from '../native/paths.js';
import { SUPERVISOR_NAME } from './start.js';

/** More than its child has: a filesystem may not answer. */
const TIME_LIMIT_MS = 15_000;

export interface OverlayProbe {
  /** Null: it could not be tried. */
  readonly works: boolean | null;
  readonly why: string;
}

function isAnswer(value: unknown): value is OverlayProbe {
  if (typeof value !== 'object' || value === null) return false;
  const works: unknown = Reflect.get(value, 'works');
  return (
    (typeof works === 'boolean' || works === null) && typeof Reflect.get(value, 'why') === 'string'
  );
}

/** Tries it in a directory that exists; nothing stays there. Never rejected: no answer is one. */
export async function tryOverlay(directory: string): Promise<OverlayProbe> {
  return new Promise((resolve) => {
    const options = {
      argv0: SUPERVISOR_NAME,
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    } as const;
    execFile(supervisorPath(), ['overlay', directory], options, (_, stdout) => {
      let value: unknown;
      try {
        value = JSON.parse(stdout);
      } catch {
        // Told below.
      }
      resolve(isAnswer(value) ? value : { works: null, why: 'the probe gave no answer' });
    });
  });
}
