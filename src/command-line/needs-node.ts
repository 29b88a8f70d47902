/**
 * For the command line: src/build/bundle.mjs puts it in front of all else that the command is made
 * of, in words that any Node reads.
 */
import { nodeFault } from '../native/node-version.js';
import { EXEC_FAILED, FAILED, NO } from './status.js';

const fault = nodeFault();
if (fault !== undefined) {
  const [, , verb] = process.argv;
  // Not by console or node:fs: what they are called, and wait for, differs from Node to Node.
  process.stderr.write(`seccomp-spoof: ${fault}\n`);
  process.exit(verb === 'exec' ? EXEC_FAILED : verb === 'doctor' ? NO : FAILED);
}
