// What the tests read on docs/containers.md, and the program of its images.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { root } from '../support/paths.js';
import type { Podman } from './podman.js';

export const page = readFileSync(path.join(root, 'docs/containers.md'), 'utf8');
export const TOLD = 'statfs ef53\nmounts ext4\n';
export const TRUTH = 'statfs 1021994\nmounts tmpfs\n';

/** The blocks of the page that are written in this language. */
export function blocks(language: string): readonly string[] {
  const found = page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'));
  return [...found].map(([, block = '']) => block);
}

/** Of the image that is made of each Dockerfile. */
export const imageNames = (): readonly string[] =>
  blocks('console').flatMap((block) =>
    [...block.matchAll(/^\$ docker build -t (\S+) \.$/gm)].map(([, name = '']) => name),
  );

export interface Line {
  readonly words: readonly string[];
  readonly prints: string;
}

/** `$ docker run --rm WORDS` with this image, and what the page says that it prints; else what all print. */
export const lines = (image: string): readonly Line[] =>
  blocks('console')
    .flatMap((block) => [...block.matchAll(/^\$ docker run --rm (.*)\n((?:[^$].*\n)*)/gm)])
    .map(([, words = '', prints = '']) => ({
      words: words.split(' '),
      prints: prints === '' ? TOLD : prints,
    }))
    .filter(({ words }) => words.includes(image));

/** The options before the image, of the lines that run it as it is. */
export const contexts = (): readonly (readonly string[])[] =>
  lines('app')
    .filter(({ prints }) => prints === TOLD)
    .map(({ words }) => words.slice(0, -1));

export function runLines(t: Test, podman: Podman, found: readonly Line[]): void {
  for (const { words, prints } of found) {
    const said = { status: 0, stdout: prints, stderr: '' };
    t.match(podman.run(['--rm', ...words]), said, words.join(' '));
  }
}

/** `told`, in a directory. */
export function compileTold(t: Test, directory: string): void {
  const source = path.join(root, 'test/containers/told.c');
  const compiler = ['-static', '-O2', '-o', path.join(directory, 'told'), source];
  t.equal(spawnSync('cc', compiler, { stdio: 'inherit' }).status, 0, 'told');
}
