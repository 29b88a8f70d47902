/** The section `uname`. */
import * as z from 'zod';

import { refused, type Parsed } from '../filesystems.js';
import { UNAME_FIELDS } from '../normalised.js';
import { needsOne, text } from './values.js';

/** Bytes of a field of struct utsname, without its NUL. */
const MAX_BYTES = 64;

function parseUname(written: string): Parsed<string> {
  const shown = JSON.stringify(written.slice(0, MAX_BYTES));
  if (written === '') {
    return refused('the text is empty', 'write a text, or leave the key out');
  }
  if (!/^[ -~]*$/.test(written)) {
    const message = `${shown} has characters that are not printable ASCII`;
    return refused(message, 'write letters, digits and signs of ASCII');
  }
  if (written.length > MAX_BYTES) {
    return refused(`the text is longer than ${MAX_BYTES} bytes`, `write ${shown}`);
  }
  return { ok: true, value: written };
}

const field = (description: string) =>
  text('a text in quotes', parseUname, {
    description,
    type: 'string',
    minLength: 1,
    maxLength: MAX_BYTES,
    pattern: '^[ -~]+$',
  }).optional();

/** What uname(2) says. */
export const uname = z
  .strictObject({
    release: field('What "uname -r" says: the release of the kernel.'),
    version: field('What "uname -v" says: the version of the kernel.'),
  })
  .superRefine(needsOne(UNAME_FIELDS, 'write uname: { release: "5.15.0" }'))
  .meta({ description: 'What uname(2) says; other fields stay as they are.' });
