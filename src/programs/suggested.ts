/**
 * Values for parameters of policies, as the line of a known program says them: where its data really
 * lies, with links resolved, since paths of rules are matched so. Loaded for these programs only.
 */
import { parseDirectory } from '../policy/parameters.js';
import { wholePath } from '../policy/whole-path.js';
import { nameOfProgram } from './defaults.js';
import {
  DATA_OF_ROOT,
  KUBELET,
  kubeletDirectories,
  readK3s,
  surroundingsHere,
  type Directories,
  type Surroundings,
} from './k3s.js';

/** What the policies of these programs have as defaults. */
export const USUAL: Readonly<Record<string, string>> = {
  data_dir: DATA_OF_ROOT,
  kubelet_dir: KUBELET,
};

/** Values that differ from the usual ones, by the names of parameters. */
export async function suggestedFor(
  words: readonly string[],
  around: Surroundings = surroundingsHere(),
): Promise<Readonly<Record<string, string>>> {
  const program = nameOfProgram(words[0] ?? '');
  let directories: Directories | undefined;
  if (program === 'kubelet') directories = kubeletDirectories(words, around);
  if (program === 'k3s') directories = (await readK3s(words, around))?.directories;
  const values: Record<string, string> = {};
  for (const [name, path] of Object.entries(directories ?? {}) as [string, string][]) {
    const parsed = parseDirectory(wholePath(path) ?? path);
    if (parsed.ok && parsed.value !== USUAL[name]) values[name] = parsed.value;
  }
  return values;
}
