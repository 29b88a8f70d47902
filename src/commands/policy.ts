/** `seccomp-spoof policy`: lists, shows and checks policies. */
import { yargsHelp } from '../command-line/help.js';
import { didYouMean } from '../command-line/mistakes.js';
import { FSTYPE, HELP, INSECURE_POLICY, SET } from '../command-line/option.js';
import type { Usage } from '../command-line/option.js';
import { parse } from '../command-line/parse.js';
import { NO, YES } from '../command-line/status.js';
import { table } from '../command-line/table.js';
import { UsageError } from '../errors.js';
import { describeWithoutEffect, withoutEffect } from '../policy/effect.js';
import { DEFAULT_POLICY, mergePolicies, resolvePolicy } from '../policy/index.js';
import { PolicyLoader } from '../policy/load.js';
import { defaultLocations, namesIn, type PolicyLocations } from '../policy/locations.js';
import { policyToYaml } from '../policy/print.js';
import { formatProblem, PolicyError } from '../policy/problem.js';
import { parametersOf } from '../policy/set.js';
import { PROGRAM_DEFAULTS } from '../programs/defaults.js';
import { baseDirectory } from '../run/origin.js';
import type { Io } from '../run/stdio.js';

interface Verb extends Usage {
  run(line: Line, io: Io): Promise<number> | number;
}

/** What is on the command line behind the verb. */
interface Line {
  readonly words: readonly string[];
  readonly fstypes: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly locations: PolicyLocations;
}

async function check({ words, parameters, insecure, locations }: Line, io: Io): Promise<number> {
  if (words.length === 0) {
    throw new UsageError('policy check needs a policy; write a name, or a file (with a /)');
  }
  let status = YES;
  for (const word of words) {
    try {
      // Compiled, too: `exec` must not be the first to find that this cannot be done.
      const request = { fstypes: [], parameters, insecure, locations };
      const directory = { baseDirectory: baseDirectory() };
      const compiled = await resolvePolicy({ policies: [word], ...request, ...directory });
      const warnings = withoutEffect(compiled).map(describeWithoutEffect);
      io.out([`${word}: ok`, ...warnings.map((text) => `warning: ${text}`), ''].join('\n'));
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      io.out(error.problems.map((problem) => `${formatProblem(problem)}\n`).join(''));
      status = NO;
    }
  }
  return status;
}

async function show(line: Line, io: Io): Promise<number> {
  const { words, fstypes, parameters: given, locations } = line;
  const { names, policy, parameters } = await mergePolicies({
    policies: words,
    fstypes,
    parameters: given,
    locations,
    // It is looked at only.
    insecure: true,
    baseDirectory: baseDirectory(),
  });
  io.out(policyToYaml(names, policy, parameters));
  return YES;
}

/** One line of `policy list`. */
type Row = readonly [name: string, where: string, about: string];

function describeFile(name: string, directory: string, loader: PolicyLoader): string {
  try {
    // By its name, as `exec` does: the file may call itself something else.
    return loader.load(name, directory).description ?? '';
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return `not valid: see seccomp-spoof policy check ${name}`;
  }
}

function listRows(locations: PolicyLocations): Row[] {
  // A policy may need values, but not to be described.
  const loader = new PolicyLoader(locations, { insecure: true, keepPlaceholders: true });
  const rows: Row[] = locations.shipped
    .names()
    .map((name) => [name, 'shipped', locations.shipped.read(name)?.description ?? '']);
  for (const directory of locations.directories) {
    for (const name of namesIn(directory, '.yaml')) {
      const hidden = rows.find(([other]) => other === name);
      const about =
        hidden === undefined
          ? describeFile(name, directory, loader)
          : `hidden: ${hidden[1]} has this name`;
      rows.push([name, `${directory}/${name}.yaml`, about]);
    }
  }
  return rows;
}

/** Which policy `exec` takes by itself. */
function choiceRows(): string[][] {
  return [
    ...PROGRAM_DEFAULTS.map(({ programs, policies: { linux, gvisor } }) => [
      programs.join(', '),
      linux === gvisor ? linux : `${linux}; in gVisor ${gvisor}`,
    ]),
    ['anything else', DEFAULT_POLICY],
  ];
}

function list({ words, locations }: Line, io: Io): number {
  if (words.length > 0) {
    throw new UsageError(`policy list takes no ${JSON.stringify(words[0])}; leave it out`);
  }
  io.out(
    table(listRows(locations))
      .map((row) => `${row.slice(2)}\n`)
      .join(''),
  );
  io.out(['', 'exec without --policy and --fstype takes', ...table(choiceRows()), ''].join('\n'));
  return YES;
}

export const POLICY_VERBS: Readonly<Record<string, Verb>> = {
  list: {
    synopsis: 'policy list',
    about: 'name, place and description of every policy; which programs get which',
    epilogue:
      'Policies that come with the package are "shipped"; others are looked up by name too.\n' +
      'Below the list: what exec takes by itself for programs that it knows by their names.',
    options: { help: HELP },
    run: list,
  },
  show: {
    synopsis: 'policy show [OPTION]... [NAME|FILE]...',
    about: 'the merged rules as YAML, and where each is from',
    epilogue:
      'A FILE has a /. Later policies beat earlier ones, --fstype beats all. Without any of these\n' +
      'the default policy, 9p-as-ext4, is shown. Ends with 1 if a policy is not valid.',
    options: { fstype: FSTYPE, set: SET, help: HELP },
    run: show,
  },
  check: {
    synopsis: 'policy check [OPTION]... NAME|FILE...',
    about: 'say ok, or what is wrong and where',
    epilogue: 'A FILE has a /. Ends with 1 if a policy is not valid, or cannot be compiled.',
    options: { set: SET, 'insecure-policy': INSECURE_POLICY, help: HELP },
    run: check,
  },
};

const VERBS_HELP = `seccomp-spoof policy VERB [OPTION]... [NAME|FILE]...

${Object.entries(POLICY_VERBS)
  .map(([name, { about }]) => `  ${name.padEnd(6)}  ${about}`)
  .join('\n')}

seccomp-spoof policy VERB --help says more.
`;

async function runVerb(
  name: string,
  verb: Verb,
  words: readonly string[],
  io: Io,
): Promise<number> {
  const { given, words: rest } = await parse(`policy ${name}`, verb.options, words);
  if (given['help'] !== undefined) {
    io.out(await yargsHelp(verb));
    return YES;
  }
  const line = {
    words: rest,
    fstypes: given['fstype'] ?? [],
    parameters: parametersOf(given['set'] ?? []),
    insecure: given['insecure-policy'] !== undefined,
    locations: defaultLocations(),
  };
  try {
    return await verb.run(line, io);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    io.err(error.problems.map((problem) => `${formatProblem(problem)}\n`).join(''));
    return NO;
  }
}

/**
 * Runs `policy` with the words behind it. Returns the exit status: 0, or 1 if a policy is not
 * valid. Throws UsageError if the line is wrong (status 2).
 */
export async function policyCommand(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...words] = argv;
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(VERBS_HELP);
    return YES;
  }
  const known = Object.keys(POLICY_VERBS).join(', ');
  if (name === undefined) {
    throw new UsageError(`policy needs a verb; write one of ${known}`);
  }
  const verb = Object.hasOwn(POLICY_VERBS, name) ? POLICY_VERBS[name] : undefined;
  if (verb !== undefined) return runVerb(name, verb, words, io);
  const advice = await didYouMean(name, Object.keys(POLICY_VERBS), `write one of ${known}`);
  throw new UsageError(`policy has no verb ${JSON.stringify(name)}; ${advice}`);
}
