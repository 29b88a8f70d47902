// Words and tables in Markdown.

/** Text that shall be read as it is. */
export const escape = (text: string): string =>
  text
    .replace(/\s+/gu, ' ')
    .replace(/&/gu, '&amp;')
    .replace(/</gu, '&lt;')
    .replace(/[\\`*_[\]|~]/gu, '\\$&');

/** The first `words` columns are of words, the others of figures. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  words = 1,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const dashes = head.map((_, at) => (at < words ? '---' : '--:'));
  return [line(head), line(dashes), ...rows.map(line)].join('\n');
}

/** Folded away on GitHub. */
export const details = (summary: string, text: string): string =>
  `<details><summary>${escape(summary)}</summary>\n\n${text}\n\n</details>`;
