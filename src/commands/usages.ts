/** What is said of every verb: what man page and completions are made from, as --help is. */
import type { Usage } from '../command-line/option.js';
import { USAGE as bundle } from './bundle.js';
import { USAGE as doctor } from './doctor.js';
import { USAGE as exec } from './exec-line.js';
import { USAGE as explain } from './explain.js';
import { POLICY_VERBS } from './policy.js';
import { USAGE as verify } from './verify.js';
import { USAGE as version } from './version.js';

/** By the words in front of the options: `exec`, `policy list`. In the order of help. */
export const USAGES: Readonly<Record<string, Usage>> = {
  exec,
  ...Object.fromEntries(
    Object.entries(POLICY_VERBS).map(([name, usage]) => [`policy ${name}`, usage]),
  ),
  doctor,
  verify,
  explain,
  bundle,
  version,
};
