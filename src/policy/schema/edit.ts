/**
 * What can be said of a rewrite without compiling its expression: what would never match, and what
 * other dialects write. Whether it is an expression at all, the library says.
 */

/** A fault of one of the two texts. */
export interface EditFault {
  readonly key: 'match' | 'replace';
  readonly message: string;
  readonly suggestion: string;
}

/** What other dialects have after a backslash, and regex(7) has not. */
const CLASSES: Readonly<Partial<Record<string, string>>> = {
  d: '[0-9]',
  D: '[^0-9]',
  s: '[[:space:]]',
  S: '[^[:space:]]',
  w: '[[:alnum:]_]',
  W: '[^[:alnum:]_]',
  t: '[[:blank:]]',
};

/** One past the bracket expression at `open`: `]` in it stands first or closes a class. */
function bracketEnd(match: string, open: number): number {
  let at = open + 1;
  if (match[at] === '^') at++;
  if (match[at] === ']') at++;
  while (at < match.length && match[at] !== ']') {
    const kind = match[at] === '[' ? match[at + 1] : undefined;
    if (kind !== undefined && '.:='.includes(kind)) {
      const end = match.indexOf(`${kind}]`, at + 2);
      if (end < 0) return match.length;
      at = end + 2;
    } else {
      at++;
    }
  }
  return at + 1;
}

/** Calls `see` with each character outside brackets; `escaped`: a backslash stands before it. */
function scan(match: string, see: (c: string, escaped: boolean, at: number) => void): void {
  for (let at = 0; at < match.length; at++) {
    const c = match[at] ?? '';
    if (c === '[') {
      at = bracketEnd(match, at) - 1;
    } else if (c === '\\') {
      at++;
      see(match[at] ?? '', true, at);
    } else {
      see(c, false, at);
    }
  }
}

function checkMatch(match: string): EditFault[] {
  const faults: EditFault[] = [];
  const fault = (message: string, suggestion: string): void => {
    faults.push({ key: 'match', message, suggestion });
  };
  if (match === '') fault('the expression is empty', 'write what is to be replaced');
  if (/[\n\r\0]/.test(match)) {
    fault('the expression never matches: lines are looked at one by one', 'remove the line break');
  }
  scan(match, (c, escaped, at) => {
    const posix = escaped ? CLASSES[c] : undefined;
    if (posix !== undefined) fault(`\\${c} is not known to regex(7)`, `write ${posix}`);
    if (!escaped && c === '(' && match[at + 1] === '?') {
      fault('(? is not known to regex(7)', 'write ( alone, or \\( for a bracket in the text');
    }
  });
  return faults;
}

/** Number of groups in an expression. */
function countGroups(match: string): number {
  let groups = 0;
  scan(match, (c, escaped) => {
    if (c === '(' && !escaped) groups++;
  });
  return groups;
}

function checkReplace(match: string, replace: string): EditFault[] {
  const groups = countGroups(match);
  const others = ['', ', or \\1'][groups] ?? `, or \\1 to \\${Math.min(groups, 9)}`;
  const faults: EditFault[] = [];
  for (const [whole, c = ''] of replace.matchAll(/\\(.?)/gsu)) {
    if (c === '\\' || (/[0-9]/.test(c) && Number(c) <= groups)) continue;
    const missing = /[0-9]/.test(c);
    faults.push({
      key: 'replace',
      message: missing
        ? `${whole} stands for a group, the expression has ${groups}`
        : `${JSON.stringify(whole)} stands for nothing`,
      suggestion: missing
        ? `write \\0 for the whole match${others}`
        : 'write \\\\ for a backslash, \\1 for a group',
    });
  }
  if (replace.includes('\0')) {
    const message = 'the replacement has a NUL character';
    faults.push({ key: 'replace', message, suggestion: 'remove it' });
  }
  return faults;
}

/** Bytes of either text, as in the library. */
const MAX_BYTES = 4096;

function checkLength(key: EditFault['key'], value: string): EditFault[] {
  if (Buffer.byteLength(value) <= MAX_BYTES) return [];
  const message = `the text is longer than ${MAX_BYTES} bytes`;
  return [{ key, message, suggestion: 'make several edits of it' }];
}

/** Everything that is wrong with one entry of `rewrite`. */
export function checkEdit({ match, replace }: { match: string; replace: string }): EditFault[] {
  return [
    ...checkLength('match', match),
    ...checkMatch(match),
    ...checkLength('replace', replace),
    ...checkReplace(match, replace),
  ];
}
