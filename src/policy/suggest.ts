/**
 * "Did you mean ...?": the candidate nearest to a misspelt word, for names in policies and for
 * verbs and options on the command line.
 */

/** Longer words are no misspelt names; comparing them would only cost time. */
const MAX_WORD = 64;

/**
 * Number of single-character edits (insert, delete, replace, swap of neighbours) between two words
 * (optimal string alignment distance).
 */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/**
 * The candidate that `word` most probably was meant to be: one that differs in case only, else the
 * nearest within one edit for every three characters (at least one). The first of equally near
 * ones. Undefined if none is near, or `word` is empty or longer than 64 characters.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > MAX_WORD) return undefined;
  const wanted = word.toLowerCase();
  let limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  for (const candidate of candidates) {
    const offered = candidate.toLowerCase();
    if (offered === wanted) return candidate;
    // One edit turns any single character into any other: that is no misspelling.
    if (word.length === 1 || Math.abs(offered.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, offered);
    if (distance < limit || (distance === limit && best === undefined)) {
      best = candidate;
      limit = distance;
    }
  }
  return best;
}

/** `did you mean NAME?`, or `otherwise` if no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[], otherwise: string): string {
  const near = suggest(word, candidates);
  return near === undefined ? otherwise : `did you mean ${near}?`;
}
