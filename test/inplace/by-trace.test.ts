// What holds for `exec` holds for `exec --mechanism trace`: inheritance, terminal, pipes, statuses.
import { testInPlaceBy } from './by-mechanism.js';

await testInPlaceBy('trace');
