/** `seccomp-spoof policy`: lists, shows and checks policies. */
import type { Argv, Options } from 'yargs';

import { UsageError } from '../errors.js';
import { DEFAULT_POLICY, mergePolicies, resolvePolicy } from '../policy/index.js';
import { PolicyLoader } from '../policy/load.js';
import { defaultLocations, namesIn, type PolicyLocations } from '../policy/locations.js';
import { policyToYaml } from '../policy/print.js';
import { formatProblem, PolicyError } from '../policy/problem.js';
import { suggest } from '../policy/suggest.js';
import { PROGRAM_DEFAULTS } from '../programs/defaults.js';
import { baseDirectory } from '../run/origin.js';
import type { Io } from '../run/stdio.js';
import { table } from './rows.js';

/** The answer is no: a policy is not valid. */
const INVALID = 1;

const HELP_OPTION = {
  help: { type: 'boolean', nargs: 0, alias: 'h', describe: 'Show this text' },
} as const;

interface Verb {
  readonly usage: string;
  readonly about: string;
  readonly epilogue: string;
  readonly options: Readonly<Record<string, Options>>;
  run(line: Line, io: Io): Promise<number> | number;
}

/** What is on the command line behind the verb. */
interface Line {
  readonly words: readonly string[];
  readonly fstypes: readonly string[];
  readonly locations: PolicyLocations;
}

async function check({ words, locations }: Line, io: Io): Promise<number> {
  if (words.length === 0) {
    throw new UsageError('policy check needs a policy; write a name, or a file (with a /)');
  }
  let status = 0;
  for (const word of words) {
    try {
      const request = { policies: [word], fstypes: [], locations };
      // Compiled, too: `exec` must not be the first to find that this cannot be done.
      await resolvePolicy({ ...request, baseDirectory: baseDirectory() });
      io.out(`${word}: ok\n`);
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      io.out(error.problems.map((problem) => `${formatProblem(problem)}\n`).join(''));
      status = INVALID;
    }
  }
  return status;
}

async function show({ words, fstypes, locations }: Line, io: Io): Promise<number> {
  const { names, policy } = await mergePolicies({
    policies: words,
    fstypes,
    locations,
    baseDirectory: baseDirectory(),
  });
  io.out(policyToYaml(names, policy));
  return 0;
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
  const loader = new PolicyLoader(locations);
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
  const rows = listRows(locations);
  const width = (column: 0 | 1): number => Math.max(0, ...rows.map((row) => row[column].length));
  for (const [name, where, about] of rows) {
    const line = `${name.padEnd(width(0))}  ${where.padEnd(width(1))}  ${about}`;
    io.out(`${line.trimEnd()}\n`);
  }
  io.out(['', 'exec without --policy and --fstype takes', ...table(choiceRows()), ''].join('\n'));
  return 0;
}

const VERBS: Readonly<Record<string, Verb>> = {
  list: {
    usage: 'seccomp-spoof policy list',
    about: 'name, place and description of every policy; which programs get which',
    epilogue:
      'Policies that come with the package are "shipped"; others are looked up by name too.\n' +
      'Below the list: what exec takes by itself for programs that it knows by their names.',
    options: {},
    run: list,
  },
  show: {
    usage: 'seccomp-spoof policy show [OPTION]... [NAME|FILE]...',
    about: 'the merged rules as YAML, and where each is from',
    epilogue:
      'A FILE has a /. Later policies beat earlier ones, --fstype beats all. Without any of these\n' +
      'the default policy, 9p-as-ext4, is shown. Ends with 1 if a policy is not valid.',
    options: {
      fstype: {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Say filesystem type B where it is A, as A=B',
      },
    },
    run: show,
  },
  check: {
    usage: 'seccomp-spoof policy check NAME|FILE...',
    about: 'say ok, or what is wrong and where',
    epilogue: 'A FILE has a /. Ends with 1 if a policy is not valid, or cannot be compiled.',
    options: {},
    run: check,
  },
};

const HELP = `seccomp-spoof policy VERB [OPTION]... [NAME|FILE]...

${Object.entries(VERBS)
  .map(([name, { about }]) => `  ${name.padEnd(6)}  ${about}`)
  .join('\n')}

seccomp-spoof policy VERB --help says more.
`;

async function parserFor({ usage, options, epilogue }: Verb, words: readonly string[]) {
  const { default: yargs } = await import('yargs');
  const parser: Argv = yargs([...words])
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    })
    .usage(usage)
    .options({ ...options, ...HELP_OPTION })
    .epilogue(epilogue)
    .wrap(100);
  return parser;
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

function usageError(verb: string, message: string): UsageError {
  const missing = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (missing !== undefined) {
    return new UsageError(`option ${dashed(missing)} needs a value; write it behind the option`);
  }
  const unexpected = /^Argument unexpected for: (.*)$/.exec(message)?.[1];
  if (unexpected !== undefined) {
    return new UsageError(`option ${dashed(unexpected)} takes no value; leave it out`);
  }
  return new UsageError(`${message}; see seccomp-spoof policy ${verb} --help`);
}

function strings(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

async function runVerb(
  name: string,
  verb: Verb,
  words: readonly string[],
  io: Io,
): Promise<number> {
  const parser = await parserFor(verb, words);
  const parsed: Record<string, unknown> = await parser
    .fail((message: string, error: unknown) => {
      throw error instanceof Error && error.name !== 'YError' ? error : usageError(name, message);
    })
    .parseAsync();
  const known = [...Object.keys(verb.options), 'help'];
  const unknown = Object.keys(parsed).find((key) => !['_', '$0', ...known].includes(key));
  if (unknown !== undefined) {
    const guess = unknown.length === 1 ? undefined : suggest(unknown, known);
    const advice =
      guess === undefined ? `see seccomp-spoof policy ${name} --help` : `did you mean --${guess}?`;
    throw new UsageError(`policy ${name} has no option ${dashed(unknown)}; ${advice}`);
  }
  if (parsed['help'] === true) {
    io.out(`${await (await parserFor(verb, [])).getHelp()}\n`);
    return 0;
  }
  const line = {
    words: strings(parsed['_']),
    fstypes: strings(parsed['fstype']),
    locations: defaultLocations(),
  };
  try {
    return await verb.run(line, io);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    io.err(error.problems.map((problem) => `${formatProblem(problem)}\n`).join(''));
    return INVALID;
  }
}

/**
 * Runs `policy` with the words behind it. Returns the exit status: 0, or 1 if a policy is not
 * valid. Throws UsageError if the line is wrong (status 2).
 */
export async function policyCommand(argv: string[], io: Io): Promise<number> {
  const [name, ...words] = argv;
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(HELP);
    return 0;
  }
  const known = Object.keys(VERBS).join(', ');
  if (name === undefined) {
    throw new UsageError(`policy needs a verb; write one of ${known}`);
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb !== undefined) return runVerb(name, verb, words, io);
  const guess = suggest(name, Object.keys(VERBS));
  const advice = guess === undefined ? `write one of ${known}` : `did you mean ${guess}?`;
  throw new UsageError(`policy has no verb ${JSON.stringify(name)}; ${advice}`);
}
