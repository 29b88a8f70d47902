/** What the command line ends with; `exec` ends as the command does, once that runs. */

/** It is so, or it is done. */
export const YES = 0;
/** The answer is no: a policy is not valid, a surface contradicts another one, ... */
export const NO = 1;
/** Wrong usage, or the question could not be answered. */
export const FAILED = 2;
/** The same of `exec`, as of env(1) and its like: told from a failure of the command. */
export const EXEC_FAILED = 125;
