/** `seccomp-spoof bundle`: one static program that runs commands under a policy, without Node. */
import { plainHelp, yargsHelp } from '../command-line/help.js';
import {
  emptyValue,
  needsValue,
  oneOf,
  refuseEmpty,
  takesNoValue,
  unknownValue,
} from '../command-line/mistakes.js';
import { FSTYPE, HELP, INSECURE_POLICY, MECHANISM, POLICY, SET } from '../command-line/option.js';
import type { Given, Usage } from '../command-line/option.js';
import { parse } from '../command-line/parse.js';
import { YES } from '../command-line/status.js';
import { UsageError } from '../errors.js';
import { ARCHITECTURES, NATIVE_ARCHITECTURE } from '../native/paths.js';
import type { Architecture } from '../native/paths.js';
import { describeWithoutEffect, emptyPolicy } from '../policy/effect.js';
import { allRules } from '../policy/normalised.js';
import { policyToYaml } from '../policy/print.js';
import { makeBundle, writeProgram } from '../run/bundle.js';
import type { BundleTexts } from '../run/bundle.js';
import { LOG_ADVICE } from '../run/log.js';
import { baseDirectory, resolvePath } from '../run/origin.js';
import { describePolicy, loadPolicy } from '../run/policy.js';
import type { LoadedPolicy } from '../run/policy.js';
import type { Mechanism } from '../run/start.js';
import {
  fallbackLabel,
  HEADING,
  inlineLabel,
  LABELS,
  OWN_FILTERS,
  ruleLabel,
} from '../run/statistics.js';
import { OUTPUT_ADVICE } from '../run/stdio.js';
import type { Io } from '../run/stdio.js';
import { IN_A_CONTAINER, STAYS } from './doctor.js';
import { EXCLUDE, EXEC_OPTIONS, STATUSES, WITHOUT_LOG } from './exec-line.js';
import { packageVersion } from './version.js';

const OPTIONS = {
  policy: POLICY,
  'insecure-policy': INSECURE_POLICY,
  fstype: FSTYPE,
  set: SET,
  mechanism: MECHANISM,
  arch: {
    argument: 'ARCH',
    choices: ARCHITECTURES,
    about: `for machines of this kind: ${ARCHITECTURES.join(', ')}; default: this one's`,
  },
  output: { short: 'o', argument: 'FILE', about: 'the program to make; an old one is replaced' },
  help: HELP,
} as const;

export const USAGE: Usage = {
  synopsis: 'bundle [OPTION]... -o FILE',
  about: 'make one static program that holds a policy and runs commands under it, without Node',
  options: OPTIONS,
  examples: [
    ['seccomp-spoof bundle -o spoof', '9p is told as ext4'],
    ['seccomp-spoof bundle -p k3s-gvisor --arch arm64 -o spoof', 'for k3s in gVisor on arm64'],
  ],
  epilogue: `FILE [--] COMMAND... then is what exec COMMAND... is under that policy. FILE --help says what else it can.
Without --policy and --fstype it holds the policy 9p-as-ext4, whatever the command will be.

Ends with 0, or 2 if nothing was made.`,
};

const { mechanism, inline, stay, verbose, quiet, stats } = EXEC_OPTIONS;

/** The options of what is made: csrc/bundle/line.c reads them. */
const MADE: Usage = {
  synopsis: '[OPTION]... [--] COMMAND [ARGUMENT]...',
  about: 'Run a command under the policy that this program holds (made by seccomp-spoof bundle).',
  options: {
    mechanism,
    inline,
    stay,
    'log-file': EXEC_OPTIONS['log-file'],
    'log-level': EXEC_OPTIONS['log-level'],
    stats,
    verbose,
    quiet,
    show: { about: 'print the policy, as YAML, and end' },
    doctor: { about: 'say whether this works here, and why not; ends with 0 or 1' },
    version: { short: 'V', about: 'print the version and end' },
    help: HELP,
  },
  epilogue: STATUSES,
};

function textsFor(
  loaded: LoadedPolicy,
  architecture: Architecture,
  chosen: Mechanism,
): BundleTexts {
  const { names, policy, parameters } = loaded;
  const logged = JSON.stringify({ names, rules: allRules(policy).length });
  return {
    version: `${packageVersion()}, linux-${architecture}, bundle`,
    mechanism: chosen,
    help: plainHelp(MADE, '%s'),
    policy: policyToYaml(names, policy, parameters),
    chosen: describePolicy(loaded),
    logged: logged.slice(1, -1),
    statistics: [HEADING, ...LABELS.map(([, label]) => label), OWN_FILTERS].join('\n'),
    fallback: fallbackLabel('%s'),
    rule: ruleLabel('%s'),
    inline: inlineLabel('%s'),
    stays: `${STAYS.join('\n')}\n`,
    works: 'this bundle works here.',
    fails: [
      'this bundle does not work here.',
      'next',
      '  correct what is named under problems, then ask again',
      `  ${IN_A_CONTAINER}`,
    ].join('\n'),
    needsValue: needsValue('%s').message,
    takesNoValue: takesNoValue('%s').message,
    emptyValue: emptyValue('--%s').message,
    unknownOption:
      'a bundle has no option %s, and its policy is fixed; see its --help ' +
      '(an option of the command goes behind the command)',
    unknownMechanism: unknownValue('mechanism', '"%s"', mechanism).message,
    unknownLevel: unknownValue('log-level', '"%s"', EXEC_OPTIONS['log-level']).message,
    unknownInline: unknownValue('inline', '"%s"', inline).message,
    exclude: EXCLUDE,
    withoutLog: WITHOUT_LOG,
    noCommand: 'a command is missing; write it behind the options',
    logFault: LOG_ADVICE,
    outputFault: OUTPUT_ADVICE,
  };
}

/** The file that is to be made. */
function outputOf(given: Given<keyof typeof OPTIONS>): string {
  const file = given.output?.at(-1);
  if (file === undefined) throw new UsageError('bundle needs a file to write; write -o FILE');
  if (file !== '-') return file;
  throw new UsageError(
    'bundle writes a program, not to standard output; write -o FILE (-o ./- for a file of that name)',
  );
}

/** What is said of a policy on every machine: here its paths may lie elsewhere than where it is used. */
function warn(loaded: LoadedPolicy, io: Io): void {
  for (const found of emptyPolicy(loaded)) {
    io.err(`seccomp-spoof: warning: ${describeWithoutEffect(found)}\n`);
  }
}

/** Runs `bundle`: 0. Throws UsageError and whatever loading a policy and writing a file throw. */
export async function bundleCommand(argv: readonly string[], io: Io): Promise<number> {
  const { given, words } = await parse('bundle', OPTIONS, argv);
  if (given.help !== undefined) {
    io.out(await yargsHelp(USAGE));
    return YES;
  }
  refuseEmpty(given);
  if (words[0] !== undefined) {
    throw new UsageError(
      `bundle has no use for ${JSON.stringify(words[0])}; a command is given to what it makes`,
    );
  }
  const file = outputOf(given);
  const chosen = await oneOf('mechanism', MECHANISM, given.mechanism?.at(-1) ?? 'auto');
  const architecture = await oneOf('arch', OPTIONS.arch, given.arch?.at(-1) ?? NATIVE_ARCHITECTURE);
  const loaded = await loadPolicy({
    policy: given.policy ?? [],
    fstype: given.fstype ?? [],
    parameters: given.set ?? [],
    baseDirectory: baseDirectory(),
    insecurePolicy: given['insecure-policy'] !== undefined,
  });
  const bytes = makeBundle(architecture, loaded.blob, textsFor(loaded, architecture, chosen));
  warn(loaded, io);
  writeProgram(resolvePath(file), file, bytes);
  return YES;
}
