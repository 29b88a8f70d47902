/** The man page, made from what --help is made from. */
import { dashed } from '../command-line/option.js';
import type { Option, Usage } from '../command-line/option.js';

/** What is said of the program as a whole. */
export interface Program {
  readonly version: string;
  readonly description: string;
  readonly homepage: string;
}

/** Text as roff takes it: no escape, no request, and dashes that can be pasted. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

const bold = (text: string): string => `\\fB${plain(text)}\\fR`;
const italic = (text: string): string => `\\fI${plain(text)}\\fR`;

/** Paragraphs stay apart; lines within them are filled again. */
function paragraphs(text: string): string[] {
  return text.split(/\n{2,}/).flatMap((paragraph) => ['.PP', plain(paragraph)]);
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.:]$/.test(first) ? first : `${first}.`;
}

function option(name: string, { short, argument, repeatable, about }: Option): string[] {
  const names = [short, name].filter((each) => each !== undefined).map(dashed);
  const value = argument === undefined ? '' : ` ${italic(argument)}`;
  const more = repeatable === true ? `${about}; may be repeated` : about;
  return ['.TP', names.map(bold).join(', ') + value, plain(sentence(more))];
}

function verb({ synopsis, about, options, epilogue }: Usage): string[] {
  return [
    `.SS ${plain(synopsis)}`,
    ...paragraphs(sentence(about)),
    ...Object.entries(options).flatMap(([name, each]) => option(name, each)),
    ...(epilogue === undefined ? [] : paragraphs(epilogue)),
  ];
}

/** The page of section 1 about `seccomp-spoof`. */
export function manPage(usages: Readonly<Record<string, Usage>>, program: Program): string {
  const all = Object.values(usages);
  const examples = all.flatMap(({ examples = [] }) => examples);
  const name = 'seccomp-spoof';
  const lines = [
    `.TH SECCOMP\\-SPOOF 1 "" "${name} ${program.version}" "User Commands"`,
    '.SH NAME',
    `${plain(name)} \\- ${plain(program.description.charAt(0).toLowerCase() + program.description.slice(1))}`,
    '.SH SYNOPSIS',
    ...all.flatMap(({ synopsis }) => [`${bold(name)} ${plain(synopsis)}`, '.br']),
    `${bold(name)} help [VERB]`,
    '.SH VERBS',
    ...all.flatMap(verb),
    '.SH EXAMPLES',
    ...examples.flatMap(([line, about]) => ['.TP', bold(line), plain(sentence(about))]),
    '.SH NOTES',
    'Not a security boundary: a program can race its own memory while a call is answered.',
    '.SH SEE ALSO',
    plain(program.homepage),
  ];
  return `${lines.join('\n')}\n`;
}
