/**
 * Build step: writes man page and completions into dist/share, in directories that a distribution has
 * below /usr/share. Run it when TypeScript is built: `node dist/build/manual.js`.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { USAGES } from '../commands/usages.js';
import { namesIn, PACKAGE_DIRECTORY } from '../policy/locations.js';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.js';
import { manPage } from './man-page.js';

const PROGRAM = z.object({ version: z.string(), description: z.string(), homepage: z.string() });

const text = readFileSync(join(PACKAGE_DIRECTORY, 'package.json'), 'utf8');
const program = PROGRAM.parse(JSON.parse(text));
const policies = namesIn(join(PACKAGE_DIRECTORY, 'policies'), '.yaml');
const share = join(PACKAGE_DIRECTORY, 'dist/share');

const files = {
  'man/man1/seccomp-spoof.1': manPage(USAGES, program),
  'bash-completion/completions/seccomp-spoof': bashCompletion(USAGES, policies),
  'zsh/vendor-completions/_seccomp-spoof': zshCompletion(USAGES, policies),
  'fish/vendor_completions.d/seccomp-spoof.fish': fishCompletion(USAGES, policies),
};

rmSync(share, { recursive: true, force: true });
for (const [name, content] of Object.entries(files)) {
  const path = join(share, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
