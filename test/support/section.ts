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
