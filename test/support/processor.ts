/** In /proc/cpuinfo: a processor on which programs answer calls by themselves if nothing is said (docs/inline.md). */
export const KNOWN_PROCESSOR = /^vendor_id\s*: AuthenticAMD\ncpu family\s*: 25$/m;
