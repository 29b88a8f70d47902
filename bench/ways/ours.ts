// This project's mechanisms.
import { spoof } from '../paths.js';
import { makeWay } from './make.js';
import { doesAll, type Job, type Way } from './way.js';

export const mechanisms = ['notify', 'trace', 'ptrace'] as const;

export const ours = (name: (typeof mechanisms)[number], { policy }: Job): Way =>
  makeWay({
    ...{ name, kind: 'ours', does: doesAll },
    front: () => [spoof, 'exec', '--policy', policy, '-m', name, '--'],
  });
