/** The section `sysinfo`. */
import * as z from 'zod';

import { SYSINFO_FIELDS } from '../normalised.js';
import { readSize, sizeJson } from './common.js';
import { needsOne, reader } from './values.js';

const field = (what: string) =>
  reader(readSize, {
    ...sizeJson,
    description: `${what}: a number of bytes, with or without KiB, MiB, GiB.`,
  }).optional();

/** What sysinfo(2) says. */
export const sysinfo = z
  .strictObject({
    totalram: field('Memory of the machine'),
    freeram: field('Memory that nothing uses, caches neither'),
    totalswap: field('Swap space'),
    freeswap: field('Swap space that is free'),
  })
  .superRefine(needsOne(SYSINFO_FIELDS, 'write sysinfo: { totalram: 2GiB }'))
  .meta({
    description:
      'What sysinfo(2) says; other fields stay as they are, but none is more than the whole.',
  });
