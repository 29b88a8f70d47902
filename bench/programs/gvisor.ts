// The same programs inside a gVisor sandbox whose root is this machine's, as read-only 9p.
import { join } from 'node:path';
import { Gvisor } from '../../test/lanes/gvisor/gvisor.js';
import { debian } from '../../test/lanes/gvisor/runsc.js';
import { bench, build } from '../paths.js';
import type { Order } from './inside.js';
import type { Timed } from './rounds.js';
import { quote } from '../../test/support/shell.js';

/** It says nothing before all rounds are done: only to detect hangs. */
const SILENT_MS = 24 * 3600_000;

let sandbox: Gvisor | undefined;

/** Why there is no sandbox here, or false. */
export function unavailable(): Promise<string | false> {
  sandbox ??= new Gvisor(debian);
  return sandbox.unavailable();
}

/** All rounds in one sandbox: its own start is nobody's time. */
export async function timeInside(order: Order): Promise<Timed[]> {
  sandbox ??= new Gvisor(debian);
  const inside = join(build, 'js', 'bench', 'programs', 'inside.js');
  const words = [process.execPath, inside, JSON.stringify(order)];
  const script = `cd ${quote(bench)} && exec ${words.map(quote).join(' ')}`;
  const { status, stdout, stderr } = await sandbox.run(script, { silenceMs: SILENT_MS });
  if (status === 0) return JSON.parse(stdout) as Timed[];
  throw new Error(`the sandbox ended with ${status}: ${stderr.slice(-1000)}`);
}
