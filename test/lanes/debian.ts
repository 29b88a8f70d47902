// Debian packages of any release and architecture, by apt with lists of its own: nothing of this machine is
// changed, and nothing has to be updated beforehand.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanCommand } from '../support/environment.js';
import { Unavailable, requireProgram } from './programs.js';

export type Suite = 'bullseye' | 'bookworm' | 'trixie';
export type DebianArchitecture = 'amd64' | 'arm64';

/** What a program printed; throws Unavailable with the end of what it complained of. */
export function run(words: readonly string[], cwd = '/'): string {
  const [program, rest] = cleanCommand(words);
  const { error, status, stdout, stderr } = spawnSync(program, rest, { cwd, encoding: 'utf8' });
  if (error) throw new Unavailable(`${words.join(' ')}: ${error.message}`);
  if (status !== 0)
    throw new Unavailable(`${words.join(' ')} failed: ${stderr.trim().slice(-300)}`);
  return stdout;
}

export class DebianPackages {
  readonly #options: readonly string[];
  readonly #archives: string;

  /** Reads the lists, into the directory `state`, which the caller removes. */
  constructor(suite: Suite, architecture: DebianArchitecture, state: string) {
    requireProgram('apt-get', 'apt');
    // Where this machine gets its own Debian from.
    const format = ['--format', '$(ORIGIN) $(SITE)'];
    const [, site] = /^Debian (\S+)$/m.exec(run(['apt-get', 'indextargets', ...format])) ?? [];
    if (site === undefined) throw new Unavailable('apt here gets nothing from Debian');
    for (const part of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(state, part), { recursive: true });
    writeFileSync(join(state, 'status'), '');
    const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
    writeFileSync(join(state, 'sources'), `deb [signed-by=${key}] ${site} ${suite} main\n`);
    const settings = {
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
      'APT::Sandbox::User': '', // it could not enter the directory
      'Dir::State::lists': join(state, 'lists'),
      'Dir::State::status': join(state, 'status'),
      'Dir::Cache': join(state, 'cache'),
      'Dir::Etc::sourcelist': join(state, 'sources'),
      'Dir::Etc::sourceparts': '/nonexistent',
    };
    this.#options = Object.entries(settings).flatMap(([name, to]) => ['-o', `${name}=${to}`]);
    this.#archives = join(state, 'cache', 'archives');
    run(['apt-get', ...this.#options, '-q', 'update']);
  }

  /** The names of the packages that one depends on. */
  dependsOf(name: string): string[] {
    const text = run(['apt-cache', ...this.#options, 'depends', name]);
    return [...text.matchAll(/Depends: (\S+)/g)].map(([, dependency = '']) => dependency);
  }

  /** Leaves these packages, alone, in a directory. */
  download(names: readonly string[], directory: string): void {
    run(['apt-get', ...this.#options, '-q', 'download', ...names], directory);
  }

  /** The files of these packages and of all that they need, in `state`. */
  downloadWithDependencies(names: readonly string[]): string[] {
    const install = ['-qy', '--no-install-recommends', '--download-only', 'install', ...names];
    run(['apt-get', ...this.#options, ...install]);
    return readdirSync(this.#archives)
      .filter((file) => file.endsWith('.deb'))
      .map((file) => join(this.#archives, file));
  }
}
