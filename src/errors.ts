/**
 * Errors that a user may meet. The message says what is wrong and where, then, after a semicolon,
 * what to do; `code` is stable and meant for programs. What cannot happen is an invariant instead.
 */
export class SpoofError extends Error {
  /** Stable name of the error, `ESPOOF_...`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * The command line, or a value that was given to the library, is wrong. The command line then ends
 * with 125 for `exec`, with 2 for the other verbs.
 */
export class UsageError extends SpoofError {
  constructor(message: string) {
    super('ESPOOF_USAGE', message);
  }
}

/** A file of this package is missing, cannot be read, or is of another version. */
export class InstallError extends SpoofError {
  /** The file, or the module `koffi`. */
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super('ESPOOF_INSTALL', message, options);
    this.path = path;
  }
}

/** A function of the native library failed; `errno` is the positive error number. */
export class NativeError extends SpoofError {
  readonly errno: number;

  constructor(errno: number, message: string, options?: ErrorOptions) {
    super('ESPOOF_NATIVE', message, options);
    this.errno = errno;
  }
}

/** The supervisor program could not be run, or said something that is no report. */
export class SupervisorError extends SpoofError {
  constructor(message: string, options?: ErrorOptions) {
    super('ESPOOF_SUPERVISOR', message, options);
  }
}

/** What the front hands over in the environment is not usable, or is needed and not there. */
export class StateError extends SpoofError {
  constructor(message: string) {
    super('ESPOOF_STATE', message);
  }
}

/** A file that was named cannot be used (the log file, say). */
export class FileError extends SpoofError {
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super('ESPOOF_FILE', message, options);
    this.path = path;
  }
}

/** What was asked for cannot be said: standard output is closed, its disk is full, ... */
export class OutputError extends SpoofError {
  constructor(message: string, options?: ErrorOptions) {
    super('ESPOOF_OUTPUT', message, options);
  }
}

/** The text of an error for a person: its message, or what was thrown if it is no error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `code` of a Node system error (`ENOENT`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
