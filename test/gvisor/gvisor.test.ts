// gVisor of 2022, as Debian has it, on its ptrace platform.
import t from 'tap';
import { debian } from '../lanes/gvisor/runsc.js';
import { testGvisor } from '../support/gvisor.js';

/**
 * Without paths in the rules programs make their calls themselves there, and the answer is changed
 * afterwards; with paths the tracer looks every file up, step by step, which takes long.
 */
await testGvisor(
  t,
  'gVisor of 2022',
  debian,
  ['fork'],
  [
    { mechanism: 'trace', paths: false },
    { mechanism: 'ptrace', paths: false },
    { mechanism: 'trace', paths: false, inline: true, batch: true },
    { mechanism: 'trace', paths: true, without: ['differential', 'go', 'threads', 'signals'] },
  ],
);
