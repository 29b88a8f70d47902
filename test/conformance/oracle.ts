import { type Pair, namesInTables } from '../lanes/lane.js';

/** What one run of a subject left behind. Bytes are read as latin1: nothing is lost or replaced. */
export interface Outcome {
  readonly status: string;
  readonly out: string;
  readonly err: string;
}

export interface Difference {
  readonly where: string;
  readonly native: string;
  readonly expected: string;
  readonly got: string;
}

export type Verdict =
  | { readonly status: 'pass'; readonly substituted: number; readonly notes: readonly string[] }
  | { readonly status: 'not-applicable'; readonly reason: string }
  | {
      readonly status: 'fail';
      readonly reason: string;
      readonly notes: readonly string[];
      readonly differences: readonly Difference[];
    };

const mostDifferences = 12;

function compared(text: string): string[] {
  return text.split('\n').filter((line) => !line.startsWith('note '));
}

function notesOf(text: string): string[] {
  return text.split('\n').flatMap((line) => (line.startsWith('note ') ? [line.slice(5)] : []));
}

/** What a policy says: another type, and in mount tables another source, if it tells one. */
export interface Substitution extends Pair {
  readonly source?: string | undefined;
}

/** The policy's named substitution, applied to what the native run printed; nothing else changes. */
function substitute(line: string, pair: Substitution): string {
  const from = new RegExp(`\\btype=0x${pair.fromMagic.toString(16)}\\b`, 'g');
  // Of a mount table; names that go on, like fuse.x, are others.
  const named = new RegExp(`\\bfstype=(${namesInTables(pair.from).join('|')})(?![^ ])`, 'g');
  const { source } = pair;
  const resourced =
    source === undefined || !named.test(line)
      ? line
      : line.replace(/\bsource=(?!not told)[^ ]*/, `source=${source}`);
  return resourced
    .replaceAll(from, `type=0x${pair.toMagic.toString(16)}`)
    .replaceAll(named, `fstype=${pair.to}`);
}

function compare(native: string[], expected: string[], got: string[]): Difference[] {
  const differences: Difference[] = [];
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    if (expected[i] === got[i]) continue;
    differences.push({
      where: `line ${i + 1}`,
      native: native[i] ?? '(no line)',
      expected: expected[i] ?? '(no line)',
      got: got[i] ?? '(no line)',
    });
  }
  return differences;
}

/**
 * The oracle: the wrapped run has to say what the native run on the same lane said, with the
 * substitution and nothing else. `shows`: the subject worked on the filesystem in question, so a
 * run without any substitution would prove nothing.
 */
export function judge(
  native: Outcome,
  wrapped: Outcome,
  pair: Substitution,
  shows: boolean,
): Verdict {
  const nativeLines = compared(native.out);
  if (native.status === 'exit 77') {
    const line = nativeLines.find((text) => text.startsWith('not applicable: '));
    return { status: 'not-applicable', reason: line?.slice(16) ?? 'the subject gives no reason' };
  }
  const notes = notesOf(wrapped.out);
  const broken = /^(exit 9[89]|signal|timeout)/.test(native.status);
  if (broken || native.err !== '') {
    const reason = `the native run ended with ${native.status}: ${native.err}`;
    return { status: 'fail', reason, notes, differences: [] };
  }

  const expected = nativeLines.map((line) => substitute(line, pair));
  const substituted = expected.filter((line, i) => line !== nativeLines[i]).length;
  const differences = [
    // First, because only some are shown.
    ...compare([native.status], [native.status], [wrapped.status]).map((difference) => ({
      ...difference,
      where: 'exit status',
    })),
    ...compare(nativeLines, expected, compared(wrapped.out)),
    ...compare([], native.err.split('\n'), wrapped.err.split('\n')).map((difference) => ({
      ...difference,
      where: `standard error, ${difference.where}`,
    })),
  ];
  if (differences.length > 0) {
    const reason = `${differences.length} of ${expected.length} lines differ`;
    return { status: 'fail', reason, notes, differences: differences.slice(0, mostDifferences) };
  }
  if (shows && substituted === 0) {
    const reason = 'no line says the type that is substituted: nothing was proved';
    return { status: 'fail', reason, notes, differences: [] };
  }
  return { status: 'pass', substituted, notes };
}
