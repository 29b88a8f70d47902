/**
 * After how long without a word something counts as hung, in milliseconds. The one limit of time that
 * tests have: it is there for what never ends, and no test may depend on how fast the machine is. Beside
 * a load of twenty on two processors everything takes twenty times as long, so that whatever says
 * something every minute when it is alone is safe by far.
 */
export const SILENCE_MS = 30 * 60_000;
export const SILENCE_SECONDS = SILENCE_MS / 1000;
