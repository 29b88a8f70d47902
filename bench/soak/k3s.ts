// `K3S=/path npm run soak:k3s`: the experiment that this project comes from, with a k3s of yours. It
// adds what lets a soak see it, takes the line that `doctor` advises for that here, and says it.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { askDoctor } from './doctor.js';
import { readOptions, WrongUsage } from './options.js';
import { run, tell } from './program.js';

const usage = 'K3S=/path/to/k3s npm run soak:k3s [-- OPTION_OF_SOAK... [-- OPTION_OF_K3S...]]';
/** Where kubelet says what it knows, without asking who wants to know. */
const PORT = 10255;
const STATISTICS = `http://127.0.0.1:${PORT}/stats/summary`;
const POD = 'registry.k8s.io/pause:3.10';

function k3sFile(): string {
  const file = process.env['K3S'];
  if (file === undefined || file === '') throw new WrongUsage(`K3S is not set: ${usage}`);
  try {
    accessSync(file, constants.X_OK);
  } catch {
    throw new WrongUsage(`K3S=${file} is no program that can be run`);
  }
  return resolve(file);
}

/** Its policy is found by its name, and a release is called k3s-amd64. */
function calledK3s(file: string, directory: string): string {
  const link = join(directory, 'k3s');
  rmSync(link, { force: true });
  symlinkSync(file, link);
  return link;
}

/** The words of the soak; undefined if help was asked for. */
async function words(
  own: readonly string[],
  ofK3s: readonly string[],
): Promise<string[] | undefined> {
  if (own.some((word) => /^--kubeconfig(=|$)/.test(word))) {
    throw new WrongUsage(
      '--kubeconfig: k3s is told to write one of its own, in the directory --out',
    );
  }
  const options = await readOptions(['--kubeconfig', 'k3s.yaml', ...own, 'k3s']);
  if (options === undefined) return undefined;
  const file = k3sFile();
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true });
  const kubeconfig = join(directory, 'k3s.yaml');
  rmSync(kubeconfig, { force: true });
  const seen = [`--write-kubeconfig=${kubeconfig}`, `--kubelet-arg=read-only-port=${PORT}`];
  const server = [calledK3s(file, directory), 'server', ...seen, ...ofK3s];
  const { advised, options: why } = askDoctor(server);
  for (const each of why) {
    tell(`${each.yours ? 'you should add' : 'adding'} ${each.option}: ${each.why}`);
  }
  tell(advised.join(' '));
  return [
    ...(options.statistics === undefined ? ['--statistics', STATISTICS] : []),
    ...(options.pod === undefined ? ['--pod', POD] : []),
    ...['--kubeconfig', kubeconfig, ...own, ...advised],
  ];
}

async function main(given: readonly string[]): Promise<number> {
  const dashes = given.indexOf('--');
  const [own, ofK3s] = dashes < 0 ? [given, []] : [given.slice(0, dashes), given.slice(dashes + 1)];
  const soak = await words(own, ofK3s);
  if (soak === undefined) return 0;
  // Ctrl-C goes to the soak as well, which knows how to end.
  process.on('SIGINT', () => undefined);
  const program = join(import.meta.dirname, 'main.js');
  return spawnSync(process.execPath, [program, ...soak], { stdio: 'inherit' }).status ?? 1;
}

await run(main);
