// Programs that the fuzzer found a difference with, made short. `$` is the place of all programs.
export const found: Readonly<Record<string, readonly string[]>> = {
  'a longer struct open_how of zeros': [
    `openat2 -100 '$/lie/content' how:0x800,0,0,32 32`,
    'read 3 buffer:100 100',
    `openat2 -100 '$/lie/redirected' how:0x0,0,0,4096 4096`,
    'read 4 buffer:100 100',
    `openat2 -100 '$/lie/kept' how:0x1,0,0,300 300`,
    `write 5 'K' 1`,
    `openat2 -100 '$/lie/kept' how:0x0,0,0,300 300`,
    'read 6 buffer:100 100',
    `openat2 -100 '$/lie/content' how:0x800,0,0,4097 4097`,
    `openat2 -100 '$/lie/content' how:0x800,0,0,23 23`,
    `openat2 -100 '$/lie/content' how:0x800,0,0,32@cut 32`,
    `openat2 -100 '$/lie/content' how:0x800,0,0,64@end 64`,
  ],
  'the name of an attribute that the kernel refuses': [
    "getxattr '$/lie/absent' bad buffer:16 16",
    "getxattr '$/lie/content' '' buffer:16 16",
    "lgetxattr '$/lie/kept' '\\r256;' buffer:16 16",
    "lgetxattr '$/lie/rewritten' 'user.x' buffer:16 16",
  ],
  'statfs of what only a rule puts there, into memory that is not there': [
    "statfs 'lies/redirected' null",
    "statfs '$/lie/content' bad",
    "statfs '$/lie/tree/x' buffer:120@cut",
    "statfs '$/lie/rewritten' null",
    "statfs '$/lie/nothing' null",
  ],
  'threads and children of a program that is not dumpable': [
    'prctl 4 0 0 0 0',
    'thread 1',
    "stat 'f' buffer:144",
    'clone 0x4100 1',
    "open 'f' 0x800 0",
    'fork 1',
    'fstat 3 buffer:144',
  ],
};
