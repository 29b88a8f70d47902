/** For the library: imported before all other modules, so that an old Node is told before they fail in it. */
import { InstallError } from '../errors.js';
import { nodeFault } from './node-version.js';

const fault = nodeFault();
if (fault !== undefined) throw new InstallError(process.execPath, fault);
