import { SupervisorError } from '../errors.js';

/**
 * The JSON that the supervisor printed, as `read` takes it (undefined: it is something else). Throws
 * SupervisorError.
 */
export function understood<T>(
  what: string,
  text: string,
  read: (value: unknown) => T | undefined,
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below.
  }
  const known = read(value);
  if (known !== undefined) return known;
  throw new SupervisorError(
    `the supervisor's ${what} is not understood: ${JSON.stringify(text.slice(0, 200))}; ` +
      'build or install the package again, so that all of its files are of one version',
  );
}
