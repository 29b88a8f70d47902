// The command line of `npm run soak`.
import yargs from 'yargs';
import { parseDuration } from './duration.js';
import { knownPatterns } from './logs.js';

export interface SoakOptions {
  readonly command: readonly string[];
  /** Milliseconds. */
  readonly duration: number;
  readonly interval: number;
  /** How long what is asked may fail before it counts. */
  readonly settle: number;
  readonly policies: readonly string[];
  readonly fstypes: readonly string[];
  readonly mechanism: 'auto' | 'notify' | 'trace' | 'ptrace';
  readonly inline: 'off' | 'auto' | 'always';
  readonly native: boolean;
  readonly restart: boolean;
  readonly logs: readonly string[];
  readonly patterns: ReadonlyMap<string, RegExp>;
  readonly kubeconfig: string | undefined;
  readonly node: string | undefined;
  readonly pod: string | undefined;
  readonly statistics: string | undefined;
  readonly directory: string;
}

/** A wrong command line. */
export class WrongUsage extends Error {}

function duration(name: string, text: string): number {
  const value = parseDuration(text);
  if (value !== undefined && value > 0) return value;
  throw new WrongUsage(`--${name} ${JSON.stringify(text)} is no time; write 10s, 5m or 1h`);
}

function pattern(text: string): [string, RegExp] {
  const equals = text.indexOf('=');
  const [name, expression] = [text.slice(0, equals), text.slice(equals + 1)];
  if (equals <= 0 || expression === '') {
    throw new WrongUsage(`--pattern ${JSON.stringify(text)} is not NAME=EXPRESSION`);
  }
  try {
    return [name, new RegExp(expression, 'u')];
  } catch (error) {
    throw new WrongUsage(`--pattern ${name}: ${String(error)}`);
  }
}

function patterns(words: readonly string[]): ReadonlyMap<string, RegExp> {
  const own = words.filter((word) => word !== 'none').map(pattern);
  return new Map([...(words.includes('none') ? [] : knownPatterns), ...own]);
}

function url(text: string | undefined): string | undefined {
  if (text === undefined || /^https?:\/\/./.test(text)) return text;
  throw new WrongUsage(`--statistics ${JSON.stringify(text)} is no http or https address`);
}

const text = { type: 'string', requiresArg: true } as const;
const texts = { ...text, array: true } as const;

const parser = (words: readonly string[]) =>
  yargs([...words])
    .scriptName('npm run soak --')
    .usage(
      '$0 [OPTION]... [--] COMMAND [ARGUMENT]...\n\n' +
        'Runs a command under a policy, watches it, and judges whether it has held out.',
    )
    .locale('en')
    .parserConfiguration({
      'halt-at-non-option': true,
      'populate--': false,
      'parse-positional-numbers': false,
      'greedy-arrays': false,
    })
    .options({
      for: { ...text, default: '60m', describe: 'how long' },
      every: { ...text, default: '10s', describe: 'how often to look' },
      settle: { ...text, default: '2m', describe: 'what is asked may fail so long at the start' },
      policy: { ...texts, describe: 'as for exec' },
      fstype: { ...texts, describe: 'as for exec' },
      mechanism: {
        choices: ['auto', 'notify', 'trace', 'ptrace'] as const,
        default: 'auto' as const,
        describe: 'as for exec',
      },
      inline: {
        choices: ['off', 'auto', 'always'] as const,
        default: 'off' as const,
        describe: 'as for exec',
      },
      native: { type: 'boolean', default: false, describe: 'without seccomp-spoof' },
      restart: { type: 'boolean', default: false, describe: 'start it again when it ends' },
      log: { ...texts, describe: 'another log of it; its output is one anyway' },
      pattern: {
        ...texts,
        describe: 'NAME=EXPRESSION for lines that must not be there; none: not the known ones',
      },
      kubeconfig: { ...text, describe: 'ask this cluster for the node' },
      node: { ...text, describe: 'its name; default: the only one' },
      pod: { ...text, describe: 'image of a pod that has to run, and of others that come and go' },
      statistics: {
        ...text,
        describe: 'address of kubelet /stats/summary or cAdvisor /api/v1.3/containers/',
      },
      out: {
        ...text,
        default: 'soak',
        describe: 'directory for soak.json, soak.md, soak.svg and command.log',
      },
    })
    .epilogue(
      `Lines that must not be there: ${[...knownPatterns.keys()].join(', ')}.\n\n` +
        'Ends with 0 if every criterion that was asked for is met, with 1 if one is not, with 2 on\n' +
        'wrong usage. Ctrl-C ends it with what it has.',
    )
    .strictOptions()
    .version(false)
    .exitProcess(false)
    .wrap(100);

/** Undefined: help was asked for, and printed. Throws WrongUsage. */
export async function readOptions(words: readonly string[]): Promise<SoakOptions | undefined> {
  const read = await parser(words)
    .fail((message: string, error: unknown) => {
      throw error instanceof WrongUsage ? error : new WrongUsage(message);
    })
    .parseAsync();
  if (read['help'] === true) return undefined;
  const command = read._.map(String);
  if (command.length === 0) throw new WrongUsage('a command is missing; write it at the end');
  if (read.native && (read.policy ?? read.fstype) !== undefined) {
    throw new WrongUsage('--native excludes --policy and --fstype');
  }
  if (read.kubeconfig === undefined && (read.node ?? read.pod) !== undefined) {
    throw new WrongUsage('--node and --pod need --kubeconfig');
  }
  const interval = duration('every', read.every);
  const length = duration('for', read.for);
  if (interval > length) throw new WrongUsage('--every is longer than --for');
  return {
    command,
    duration: length,
    interval,
    settle: read.settle === '0' ? 0 : duration('settle', read.settle),
    policies: read.policy ?? [],
    fstypes: read.fstype ?? [],
    mechanism: read.mechanism,
    inline: read.inline,
    native: read.native,
    restart: read.restart,
    logs: read.log ?? [],
    patterns: patterns(read.pattern ?? []),
    kubeconfig: read.kubeconfig,
    node: read.node,
    pod: read.pod,
    statistics: url(read.statistics),
    directory: read.out,
  };
}
