import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
/** The program under test, as a checkout runs it. */
export const seccompSpoof = path.join(root, 'dist/seccomp-spoof');
/** What test/subjects/Makefile builds. */
export const testBuild = path.join(root, 'test/build');
