import path from 'node:path';
import { root } from '../../bench/paths.js';

export { root };
/** The program under test, as a checkout runs it. */
export const seccompSpoof = path.join(root, 'dist/seccomp-spoof');
/** What test/subjects/Makefile builds. */
export const testBuild = path.join(root, 'test/build');
