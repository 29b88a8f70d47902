import path from 'node:path';
import { root } from '../../bench/paths.js';

export { root };
/** The program under test, as a checkout runs it; TEST_DIST=DIRECTORY: another build of it. */
const dist = process.env['TEST_DIST'] ?? path.join(root, 'dist');
export const seccompSpoof = path.join(dist, 'seccomp-spoof');
export const supervisor = path.join(dist, `native/linux-${process.arch}/seccomp-spoof-supervisor`);
/** What test/subjects/Makefile builds. */
export const testBuild = path.join(root, 'test/build');
