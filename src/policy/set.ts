/** `--set NAME=DIRECTORY`: values of parameters. Needs neither yaml nor zod. */
import { UsageError } from '../errors.js';
import { PARAMETER_NAME, parseDirectory } from './parameters.js';

/** The values that the options give; of two for one parameter the later one counts. Throws UsageError. */
export function parametersOf(options: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    options.map((option) => {
      const at = option.indexOf('=');
      const name = option.slice(0, Math.max(at, 0));
      if (!PARAMETER_NAME.test(name)) {
        const shown = option === '' ? '""' : option;
        throw new UsageError(
          `--set ${shown}: expected NAME=DIRECTORY; write --set data_dir=/DIRECTORY`,
        );
      }
      const parsed = parseDirectory(option.slice(at + 1));
      if (parsed.ok) return [name, parsed.value];
      throw new UsageError(`--set ${option}: ${parsed.message}; ${parsed.suggestion ?? ''}`);
    }),
  );
}
