// The newest gVisor, on its systrap platform.
import t from 'tap';
import { newest } from '../lanes/gvisor/runsc.js';
import { testGvisor } from '../support/gvisor.js';

/**
 * With paths everything takes twice as long: each `exec` has to read a policy with Node first, so
 * one has to be enough for all. Left out are the longest scenarios that are about something else
 * than how files are looked up.
 */
const byPath = { paths: true, batch: true, without: ['thread', 'signals', 'go storm'] };
await testGvisor(
  t,
  'gVisor, newest',
  newest,
  [
    ...['fork', 'threads', 'cancels', 'probes-filters'],
    ...['after-filter', 'executes-beside-filter', 'in-namespace', 'undumpable'],
  ],
  [
    { mechanism: 'trace', paths: false },
    { mechanism: 'ptrace', paths: false },
    { mechanism: 'trace', paths: false, inline: true, batch: true },
    { mechanism: 'trace', ...byPath },
    { mechanism: 'ptrace', ...byPath },
  ],
);
