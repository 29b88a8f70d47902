#!/usr/bin/env node
/**
 * The command line: the first word is the verb, and each verb reads the rest itself. A verb is
 * loaded when it is asked for: `exec` is to cost as little as can be.
 */
import { didYouMean } from './command-line/mistakes.js';
import { EXEC_FAILED, FAILED, YES } from './command-line/status.js';
import { messageOf, SpoofError, UsageError } from './errors.js';
import { leave } from './native/library.js';
import { replaceStandardStreams, standardIo } from './run/stdio.js';

type Verb = (words: readonly string[]) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  exec: async (words) => (await import('./commands/exec.js')).execCommand(words, standardIo),
  policy: async (words) => (await import('./commands/policy.js')).policyCommand(words, standardIo),
  doctor: async (words) => (await import('./commands/doctor.js')).doctorCommand(words, standardIo),
  verify: async (words) => (await import('./commands/verify.js')).verifyCommand(words, standardIo),
  explain: async (words) =>
    (await import('./commands/explain.js')).explainCommand(words, standardIo),
  bundle: async (words) => (await import('./commands/bundle.js')).bundleCommand(words, standardIo),
  version: async (words) =>
    (await import('./commands/version.js')).versionCommand(words, standardIo),
  help: async (words) => help(words),
};

const HELP = `seccomp-spoof VERB [OPTION]...

Run an unmodified program and change what a few system calls tell it about the filesystem.

  exec [OPTION]... [--] COMMAND [ARGUMENT]...   run a command under a policy
  policy ...                                    list, show and check policies
  doctor [OPTION]... [COMMAND [ARGUMENT]...]    say whether it works here, and why not
  verify [OPTION]... [PATH]...                  ask every surface, natively and wrapped, and compare
  explain [OPTION]... PATH                      say which rule holds for a path, or why none does
  bundle [OPTION]... -o FILE                    make one static program that needs no Node
  version [--json]                              say the versions
  help [VERB]                                   show this text, or that of a verb

seccomp-spoof VERB --help says more. Not a security boundary: see the README.

  seccomp-spoof exec k3s server
  seccomp-spoof exec --fstype 9p=ext4 -- stat -f /
`;

async function help(words: readonly string[]): Promise<number> {
  const [about] = words;
  if (about === undefined || about === 'help' || about.startsWith('-')) {
    standardIo.out(HELP);
    return YES;
  }
  return run(about, ['--help']);
}

async function run(verb: string, words: readonly string[]): Promise<number> {
  const command = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (command !== undefined) return command(words);
  const advice = await didYouMean(verb, Object.keys(VERBS), 'see seccomp-spoof --help');
  throw new UsageError(`there is no verb ${JSON.stringify(verb)}; ${advice}`);
}

async function main(words: readonly string[]): Promise<number> {
  const [first, ...rest] = words;
  switch (first) {
    case undefined:
      throw new UsageError('a verb is missing; see seccomp-spoof --help');
    case '--help':
    case '-h':
      return help([]);
    case '--version':
    case '-V':
      return run('version', rest);
    default:
      return run(first, rest);
  }
}

/** Errors that a user may meet have a message; of anything else the stack is wanted. */
function describe(error: unknown): string {
  if (error instanceof SpoofError) return error.message;
  const trace = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return `internal error, please report it: ${trace}`;
}

async function start(words: readonly string[]): Promise<void> {
  try {
    process.exitCode = await main(words);
  } catch (error) {
    standardIo.err(`seccomp-spoof: ${describe(error)}\n`);
    process.exitCode = words[0] === 'exec' ? EXEC_FAILED : FAILED;
  }
}

replaceStandardStreams();
process.once('exit', leave);
void start(process.argv.slice(2));
