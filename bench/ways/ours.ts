// This project's mechanisms.
import { spoof } from '../paths.js';
import { makeWay } from './make.js';
import { doesAll, type Job, type Way } from './way.js';

export const inlineWays = { notify: 'inline', trace: 'inline by trace' } as const;

export const mechanisms = ['notify', 'trace', 'ptrace'] as const;

/** A program that makes many calls answers them by itself; below the others every call is stopped. */
export const inline = (by: 'notify' | 'trace', { policy }: Job): Way =>
  makeWay({
    ...{ name: inlineWays[by], kind: 'ours', does: doesAll },
    front: () => [spoof, 'exec', '--policy', policy, '-m', by, '--inline', 'auto', '--'],
  });

export const ours = (name: (typeof mechanisms)[number], { policy }: Job): Way =>
  makeWay({
    ...{ name, kind: 'ours', does: doesAll },
    front: () => [spoof, 'exec', '--policy', policy, '-m', name, '--inline', 'off', '--'],
  });
