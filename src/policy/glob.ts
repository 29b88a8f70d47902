/**
 * Path globs as users write them. The matcher (csrc/policy/match.c) knows `*`, `**`, `?` and `\`;
 * braces are expanded here, and what could never match a path is an error.
 */
import { posix } from 'node:path';

import { refused, type Parsed } from './filesystems.js';
import { withPlaceholders } from './parameters.js';

/** How many globs one glob with braces may stand for. */
export const MAX_EXPANSION = 256;
/** Bytes of one glob, as in the matcher. */
const MAX_BYTES = 4096;
/** The same of a glob for a single word. */
const MAX_WORD_BYTES = 255;
/** Characters of a glob that messages show. */
const SHOWN = 60;

class GlobSyntaxError extends Error {
  readonly suggestion: string;
  constructor(message: string, suggestion = '') {
    super(message);
    this.suggestion = suggestion;
  }
}

/** One past the `}` that closes the brace at `open`, and where the commas of its level are. */
function scanBrace(glob: string, open: number): { end: number; commas: number[] } {
  const commas: number[] = [];
  let depth = 0;
  for (let i = open; i < glob.length; i++) {
    const c = glob[i];
    if (c === '\\') i++;
    else if (c === '{') depth++;
    else if (c === ',' && depth === 1) commas.push(i);
    else if (c === '}' && --depth === 0) return { end: i + 1, commas };
  }
  throw new GlobSyntaxError('a brace is not closed', 'write \\{ for a brace in a name');
}

/** Index of the first `{` that no backslash precedes, or -1. */
function findBrace(glob: string): number {
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i];
    if (c === '\\') i++;
    else if (c === '{') return i;
    else if (c === '}') {
      throw new GlobSyntaxError('a brace is closed but never opened', 'write \\} for it');
    }
  }
  return -1;
}

function expand(glob: string): string[] {
  const finished: string[] = [];
  const open = [glob];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const start = findBrace(next);
    if (start < 0) {
      finished.push(next);
    } else {
      const { end, commas } = scanBrace(next, start);
      if (commas.length === 0) {
        throw new GlobSyntaxError(
          `${JSON.stringify(next.slice(start, end))} has no comma`,
          'write {a,b}, or \\{ for a brace in a name',
        );
      }
      const bounds = [start, ...commas, end - 1];
      const before = next.slice(0, start);
      const after = next.slice(end);
      for (let i = bounds.length - 2; i >= 0; i--) {
        open.push(before + next.slice((bounds[i] ?? 0) + 1, bounds[i + 1]) + after);
      }
    }
    if (finished.length + open.length > MAX_EXPANSION) {
      throw new GlobSyntaxError(
        `the braces stand for more than ${MAX_EXPANSION} globs`,
        'use * or split the rule',
      );
    }
  }
  return finished;
}

function checkCharacters(glob: string): void {
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i] ?? '';
    if (c < ' ' || c === '\x7f') {
      throw new GlobSyntaxError('a glob has a control character', 'write ? for it');
    }
    if (c === '[') {
      throw new GlobSyntaxError('[ ] is not known here', 'write {a,b}, or \\[ for a bracket');
    }
    if (c === '\\' && ++i === glob.length) {
      throw new GlobSyntaxError('a lone \\ ends the glob', 'write \\\\ for a backslash in a name');
    }
  }
}

function checkComponents(glob: string): void {
  const normal = posix.normalize(glob);
  const clean = normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
  if (clean !== glob) {
    const why =
      glob.length > 1 && glob.endsWith('/') && `${clean}/` === glob
        ? 'a trailing slash never matches'
        : 'empty, "." and ".." components never match a resolved path';
    const below = `${clean === '/' ? '' : clean}/**`;
    throw new GlobSyntaxError(why, `write ${clean}, or ${below} for everything below`);
  }
  for (const component of glob.split('/')) {
    const bare = component.replace(/\\./g, '_');
    if (bare.includes('**') && bare !== '**') {
      throw new GlobSyntaxError(
        '** stands alone between slashes',
        `write ${component.replace(/\*{2,}/g, '*')}, or /**/ for any number of directories`,
      );
    }
  }
}

/** Braces, commas and brackets mean nothing to the matcher: there they need no backslash. */
function forMatcher(glob: string): string {
  return glob.replace(/\\(.)/gs, (pair: string, c: string) => ('*?\\'.includes(c) ? pair : c));
}

/** Runs the part that may find the glob wrong. */
function parsed(text: string, parse: () => readonly string[]): Parsed<readonly string[]> {
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    if (!(error instanceof GlobSyntaxError)) throw error;
    const quoted = JSON.stringify(text.slice(0, SHOWN));
    return refused(`${quoted}: ${error.message}`, error.suggestion);
  }
}

function forMatcherAll(globs: readonly string[]): string[] {
  return [...new Set(globs.map(forMatcher))];
}

/**
 * The globs for the matcher that a user's glob stands for (1 to 256). `*` and `?` do not match a
 * slash; `**` is a whole component and matches any number of them, none as well. For `${name}` there
 * is a placeholder (parameters.ts).
 */
export function parseGlob(text: string): Parsed<readonly string[]> {
  return parsed(text, () => {
    if (!text.startsWith('/') && !text.startsWith('${')) {
      const suggestion = /^[~$]/.test(text)
        ? 'write the directory in full: /home/NAME'
        : `write /${text === '' ? '**' : text.replace(/^(\.\/)+/, '')}`;
      throw new GlobSyntaxError('a path glob is absolute', suggestion);
    }
    if (Buffer.byteLength(text) > MAX_BYTES) {
      throw new GlobSyntaxError(`a path glob is longer than ${MAX_BYTES} bytes`, 'use * or **');
    }
    checkCharacters(text);
    const masked = withPlaceholders(text, true);
    if (!masked.ok) throw new GlobSyntaxError(masked.message, masked.suggestion);
    const globs = expand(masked.value);
    globs.forEach(checkComponents);
    return forMatcherAll(globs);
  });
}

/**
 * The same for a glob that matches a single word, a filesystem type or the name of a program: `*`
 * and `?` match any of its bytes.
 */
export function parseWordGlob(text: string): Parsed<readonly string[]> {
  return parsed(text, () => {
    if (text.includes('/')) {
      const last = text.slice(text.lastIndexOf('/') + 1);
      throw new GlobSyntaxError('a name has no slash', `write ${last === '' ? 'a name' : last}`);
    }
    if (/\s/.test(text)) throw new GlobSyntaxError('a name has no blank', 'write ? for it');
    checkCharacters(text);
    const globs = expand(text);
    for (const glob of globs) {
      if (glob === '') throw new GlobSyntaxError('a name is empty', 'write * for any');
      if (Buffer.byteLength(glob) <= MAX_WORD_BYTES) continue;
      throw new GlobSyntaxError(`a name is longer than ${MAX_WORD_BYTES} bytes`, 'use *');
    }
    return forMatcherAll(globs);
  });
}
