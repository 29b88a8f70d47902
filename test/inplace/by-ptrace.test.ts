// What holds for `exec` holds for `exec --mechanism ptrace`: inheritance, terminal, pipes, statuses.
import { testInPlaceBy } from './by-mechanism.js';

await testInPlaceBy('ptrace');
