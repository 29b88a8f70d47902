// Sections of a page with figures (docs/reliability.md). Rule: whoever writes one leaves all others as they are.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import path from 'node:path';
import { root } from './paths.js';

/** The machine that figures are of. */
export const thisMachine = (): string =>
  `Linux ${release()}, ${cpus().length} processors (${cpus()[0]?.model.replace(/ .*-Core.*/, '') ?? 'unknown'}), beside whatever else ran there.`;

/** By which command a section is made, today. */
export const madeBy = (command: string): string =>
  `Made by \`${command}\` on ${new Date().toISOString().slice(0, 10)}`;

/**
 * A page with a section of its own for each command that writes figures into it: `text` becomes what
 * stands below `## title`, the other sections stay.
 */
export function putSection(page: string, title: string, text: string): string {
  const heading = `## ${title}\n`;
  const begin = `\n${page}`.indexOf(`\n${heading}`);
  if (begin < 0) return `${page.trimEnd()}\n\n${heading}\n${text}\n`;
  const end = page.indexOf('\n## ', begin + heading.length);
  const rest = end < 0 ? '' : page.slice(end);
  return `${page.slice(0, begin)}${heading}\n${text}\n${rest}`;
}

/** Puts a section into a file, which is made if there is none, and formats it. */
export function writeSection(file: string, title: string, lines: readonly string[]): void {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '# Reliability\n';
  writeFileSync(file, putSection(page, title, lines.join('\n')));
  const formatter = path.join(root, 'node_modules/.bin/prettier');
  spawnSync(formatter, ['--write', file], { stdio: 'ignore' });
}
