/**
 * How k3s and kubelet read their own lines: the options that count, and where their data lies. As far as
 * rules, or advice, depend on it. Nothing is ever added to the command.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { GivenOption } from './k3s-config.js';

export type { GivenOption } from './k3s-config.js';

/** A line of k3s, with what its files and the environment add to it. */
export interface K3sLine {
  readonly verb: 'server' | 'agent';
  /** In the order in which they count: of two values the later one. */
  readonly options: readonly GivenOption[];
  /** Where further options may stand: before what k3s does not read. */
  readonly end: number;
  readonly directories: Directories;
  /** What could not be looked at. */
  readonly notes: readonly string[];
}

/** Where data lies: absolute, links not followed. */
export interface Directories {
  readonly data_dir?: string;
  readonly kubelet_dir: string;
}

/** What else than the line decides. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** Undefined: it is deleted. */
  readonly directory: string | undefined;
  /** The file that k3s reads if no other is named. */
  readonly configFile: string;
}

const LONG_NAMES: Readonly<Partial<Record<string, string>>> = { d: 'data-dir', c: 'config' };
/** Options whose next word is their value, whatever it looks like. */
const WITH_VALUE: readonly string[] = [
  'config',
  'container-runtime-endpoint',
  'data-dir',
  'datastore-endpoint',
  'flannel-backend',
  'kubelet-arg',
  'root-dir',
  'snapshotter',
];
/** Options whose next word is not. */
const FLAGS: readonly string[] = [
  'cluster-init',
  'debug',
  'disable-agent',
  'disable-kube-proxy',
  'disable-network-policy',
  'docker',
  'rootless',
];

export const DATA_OF_ROOT = '/var/lib/rancher/k3s';
const DATA_OF_USERS = '${HOME}/.rancher/k3s';
export const KUBELET = '/var/lib/kubelet';

/** The option at `at`, as Go's flag package reads it. */
function optionAt(words: readonly string[], at: number): GivenOption | undefined {
  const word = words[at] ?? '';
  // k3s itself takes no `-d/x`, but the program around it does, which unpacks what k3s brings along.
  const [, glued] = /^-d([./~$].*)$/s.exec(word) ?? [];
  if (glued !== undefined) return { name: 'data-dir', value: glued, words: { at, count: 1 } };
  const [, written, value] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (written === undefined) return undefined;
  const name = LONG_NAMES[written] ?? written;
  const next = words[at + 1];
  const isPair =
    value === undefined &&
    next !== undefined &&
    (WITH_VALUE.includes(name) || !(FLAGS.includes(name) || next.startsWith('-')));
  return isPair
    ? { name, value: next, words: { at, count: 2 } }
    : { name, value, words: { at, count: 1 } };
}

/** The options from `start` on, up to the first word that is none, and where that stands. */
function optionsFrom(
  words: readonly string[],
  start: number,
): { readonly options: readonly GivenOption[]; readonly end: number } {
  const options: GivenOption[] = [];
  let end = start;
  for (;;) {
    const option = optionAt(words, end);
    if (option === undefined) return { options, end };
    options.push(option);
    end += option.words?.count ?? 1;
  }
}

/** The values of an option, in their order. */
export function valuesOf(options: readonly GivenOption[], name: string): string[] {
  return options.filter((option) => option.name === name).map(({ value }) => value ?? 'true');
}

/** The value that counts; undefined: the option is not given. */
export function lastOf(options: readonly GivenOption[], name: string): string | undefined {
  return valuesOf(options, name).at(-1);
}

/** The value that kubelet gets for an option of its own. */
export function kubeletArgument(options: readonly GivenOption[], name: string): string | undefined {
  const found = valuesOf(options, 'kubelet-arg')
    .map((text) => /^(?:--)?([^=]*)=(.*)$/s.exec(text))
    .findLast((parts) => parts?.[1] === name);
  return found?.[2];
}

function wholePath(text: string, { env, directory }: Surroundings): string | undefined {
  const home = env['HOME'] ?? '';
  const path = ['$HOME', '${HOME}', '~'].reduce((path, name) => path.replaceAll(name, home), text);
  if (path.startsWith('/')) return resolve(path);
  return directory === undefined ? undefined : resolve(directory, path);
}

/** The file that k3s is told to read; undefined: none. The environment counts more than the line. */
function configFile(words: readonly string[], { env, configFile: usual }: Surroundings) {
  const named = env['K3S_CONFIG_FILE'];
  if (named !== undefined && named !== '') return named;
  const at = words.findIndex((word) => /^(--config|-c)(=|$)/.test(word));
  if (at < 0) return usual;
  const word = words[at] ?? '';
  return word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1];
}

/** The options of the files; what reads YAML is loaded only where there is one. */
async function fileOptions(words: readonly string[], around: Surroundings) {
  const nothing = { options: [], notes: [] };
  const named = configFile(words, around) ?? '';
  if (named === '') return nothing;
  if (/^https?:/.test(named)) {
    return { options: [], notes: [`${named} is not asked for its options`] };
  }
  const file = named.startsWith('/') ? named : join(around.directory ?? '.', named);
  if (!existsSync(file) && !existsSync(`${file}.d`)) return nothing;
  return (await import('./k3s-config.js')).readConfig(file);
}

/** k3s' own files speak of short names, too. */
const withLongName = (option: GivenOption): GivenOption => ({
  ...option,
  name: LONG_NAMES[option.name] ?? option.name,
});

function directoriesOf(options: readonly GivenOption[], around: Surroundings): Directories {
  const { env, uid } = around;
  const isRootless = isOn(options, 'rootless');
  const given = lastOf(options, 'data-dir') ?? env['K3S_DATA_DIR'] ?? '';
  const usual = uid === 0 && !isRootless ? DATA_OF_ROOT : DATA_OF_USERS;
  const data = wholePath(given === '' ? usual : given, around);
  const own = isRootless && data !== undefined ? join(data, 'agent/kubelet') : KUBELET;
  const kubelet = wholePath(kubeletArgument(options, 'root-dir') ?? own, around) ?? KUBELET;
  return { ...(data === undefined ? {} : { data_dir: data }), kubelet_dir: kubelet };
}

/** A flag that is given, and not as `--flag=false`. */
export function isOn(options: readonly GivenOption[], name: string): boolean {
  const value = lastOf(options, name);
  return value !== undefined && !/^(f|false|0)$/i.test(value);
}

/** The surroundings of this process. */
export function surroundingsHere(): Surroundings {
  let directory: string | undefined;
  try {
    directory = process.cwd();
  } catch {
    directory = undefined;
  }
  return {
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    directory,
    configFile: '/etc/rancher/k3s/config.yaml',
  };
}

/**
 * What a k3s takes from its line (the first word is the program), its files and the environment;
 * undefined: it is neither `server` nor `agent`. Of the line all after that word counts, and files come
 * before it.
 */
export async function readK3s(
  words: readonly string[],
  around = surroundingsHere(),
): Promise<K3sLine | undefined> {
  const at = words.findIndex((word, index) => index > 0 && /^(server|agent)$/.test(word));
  if (at < 0) return undefined;
  const line = optionsFrom(words, at + 1);
  const files = await fileOptions(words.slice(1), around);
  const options = [...files.options.map(withLongName), ...line.options];
  return {
    verb: words[at] === 'agent' ? 'agent' : 'server',
    options,
    end: line.end,
    directories: directoriesOf(options, around),
    notes: files.notes,
  };
}

/** The same for a kubelet that runs by itself. */
export function kubeletDirectories(
  words: readonly string[],
  around = surroundingsHere(),
): Directories {
  const { options } = optionsFrom(words, 1);
  const kubelet = wholePath(lastOf(options, 'root-dir') ?? KUBELET, around) ?? KUBELET;
  return { kubelet_dir: kubelet };
}
