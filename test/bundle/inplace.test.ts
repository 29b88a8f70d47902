// What a command inherits from `exec` it inherits from a bundle, which has nothing of its own to hide:
// processor time and memory of Node are not there. The same tests, with a bundle in the product's place.
import { make } from './helpers.js';

process.env['TEST_PRODUCT'] = await make('for-inplace');
await import('../inplace/inplace.test.js');
await import('../inplace/terminal.test.js');
await import('../inplace/pipes.test.js');
await import('../inplace/status.test.js');
await import('../inplace/systemd.test.js');
