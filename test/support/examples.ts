// Commands of a page of docs, and what the page says that they print.
export interface Example {
  readonly command: string;
  readonly output: string;
}

/** `$ command` and the lines below it, in the blocks marked as console. */
export function examples(text: string): readonly Example[] {
  const blocks = [...text.matchAll(/^```console\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return { command: part.slice(0, end), output: part.slice(end + 1) };
      }),
  );
}
