/**
 * npm's `prepack`: the native files of the machine that this one is not. A package has those of all;
 * `prepare` makes this machine's own.
 */
import { installNative, MACHINES, needs, run } from './steps.mjs';

const [machine] = Object.keys(MACHINES).filter((each) => each !== process.arch);
const { gnu, debian } = MACHINES[machine];
needs(
  `${gnu}-linux-gnu-gcc`,
  `a package has the programs of all machines: install the compiler for ${gnu} ` +
    `(Debian: apt install gcc-${gnu.replace('_', '-')}-linux-gnu libc6-dev-${debian}-cross)`,
);
run(['make', '-C', 'csrc', '--no-print-directory', '-j4', 'cross', `MACHINE=${gnu}`]);
installNative(`build-${gnu}`, machine);
