/** `--help` of a verb, made from what is said of it. */
import { dashed } from './option.js';
import type { Options, Usage } from './option.js';
import { table } from './table.js';

const WIDTH = 100;

/** As yargs writes it. */
export async function yargsHelp(usage: Usage): Promise<string> {
  const { default: yargs } = await import('yargs');
  const options = Object.entries(usage.options).map(
    ([name, { short, argument, repeatable, about }]) => [
      name,
      {
        alias: short ?? [],
        type: argument === undefined ? 'boolean' : 'string',
        array: repeatable === true,
        describe: about.charAt(0).toUpperCase() + about.slice(1),
      } as const,
    ],
  );
  const help = await yargs([])
    .locale('en')
    .help(false)
    .version(false)
    .usage(`seccomp-spoof ${usage.synopsis}`)
    .options(Object.fromEntries(options))
    .example((usage.examples ?? []).map(([line, about]) => [line, about]))
    .epilogue(usage.epilogue ?? '')
    .wrap(WIDTH)
    .getHelp();
  return `${help}\n`;
}

function optionRows(options: Options): string[] {
  const all = Object.entries(options);
  // Short names get a column of their own, but for one or two flags that is too much.
  const margin = all.some(([, { argument }]) => argument !== undefined) ? '    ' : '';
  return table(
    all.map(([name, { short, argument, repeatable, about }]) => [
      (short === undefined ? margin : `${dashed(short)}, `) +
        dashed(name) +
        (argument === undefined ? '' : ` ${argument}`),
      repeatable === true ? `${about}; may be repeated` : about,
    ]),
  );
}

/** In the same words without yargs, which costs more than most verbs do. */
export function plainHelp(
  { synopsis, about, options, epilogue }: Usage,
  program = 'seccomp-spoof',
): string {
  const parts = [`${program} ${synopsis}`, about, optionRows(options).join('\n'), epilogue];
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;
}
