// What holds for `exec` holds where a parent stays, but for what docs/exec.md names: notify.
import { testInPlaceBy } from './by-mechanism.js';

await testInPlaceBy('auto', 'stay');
