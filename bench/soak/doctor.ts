// What `doctor` says of a command: the line that it should have here, and where its data lies.
import { spawnSync } from 'node:child_process';
import { spoof } from '../paths.js';

interface Told {
  /** The command with all that is advised. */
  readonly advised: readonly string[];
  readonly options: readonly {
    readonly option: string;
    readonly why: string;
    /** Its value is to be chosen by who runs it: it is not on the line. */
    readonly yours: boolean;
  }[];
  /** Parameters of the policy that `exec` would take. */
  readonly directories: readonly { readonly parameter: string; readonly path: string }[];
}

/** Throws what `doctor` says if nothing works here. */
export function askDoctor(command: readonly string[]): Told {
  const { status, stdout, stderr } = spawnSync(spoof, ['doctor', '--json', ...command], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`doctor: ${stderr.trim() || stdout.trim()}`);
  return (JSON.parse(stdout) as { command: Told }).command;
}
