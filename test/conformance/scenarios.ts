/** What is run: every subject, in the forms in which it exists, with its arguments. */

/** Directories of test/build; the Makefile of the subjects says what is special about each. */
export const VARIANTS = ['static', 'dynamic', 'go', 'i386', 'i386large', 'int80', 'go386'] as const;
export type Variant = (typeof VARIANTS)[number];

/** Variants that run only where the kernel runs 32-bit programs. */
export const COMPAT_VARIANTS: readonly Variant[] = ['i386', 'i386large', 'int80', 'go386'];

export interface Scenario {
  readonly name: string;
  readonly subject: string;
  readonly variants: readonly Variant[];
  /** Words for the subject, given the place that the pair names. */
  readonly words: (place: Place) => readonly string[];
  /** Documented limit: a supervisor without privilege cannot read such programs, lets them run. */
  readonly needsPrivilege?: boolean;
  /** Only where the pair's own directory cannot be written to. */
  readonly readOnly?: boolean;
}

export interface Place {
  readonly directory: string;
  readonly tree?: { readonly directory: string; readonly seed: number };
}

const both: readonly Variant[] = ['static', 'dynamic'];

/** As compat_names, large_names and int80_names of the Makefile. */
const compat: readonly string[] = [
  ...['descriptors', 'fields', 'limits', 'objects', 'paths', 'pointers', 'procself', 'tables'],
];
const large: readonly string[] = [
  ...compat,
  ...['chroots', 'children', 'daemon', 'differential', 'signals', 'threadexec', 'threads', 'users'],
];
const int80: readonly string[] = ['descriptors', 'fields', 'limits', 'objects', 'paths'];

function variantsOf(subject: string): readonly Variant[] {
  return [
    ...both,
    ...(compat.includes(subject) ? (['i386'] as const) : []),
    ...(large.includes(subject) ? (['i386large'] as const) : []),
    ...(int80.includes(subject) ? (['int80'] as const) : []),
  ];
}

function c(subject: string, words: readonly string[] = []): Scenario {
  const name = [subject, ...words].join(' ');
  return { name, subject, variants: variantsOf(subject), words: () => words };
}

function go(subject: string): Scenario {
  return { name: `go ${subject}`, subject, variants: ['go', 'go386'], words: () => [] };
}

/** `seed`: of the differential test, beside some that stay. */
export function scenarios(seed: number): readonly Scenario[] {
  return [
    c('objects'),
    c('paths'),
    c('procself'),
    c('limits'),
    c('pointers'),
    c('descriptors'),
    c('fields'),
    c('tables'),
    { ...c('manymounts'), variants: ['static'] },
    { ...c('existing'), words: ({ directory }) => [directory] },
    c('chroots'),
    c('mountns'),
    ...['chroot', 'unshare', 'setns'].map((way) => ({
      ...c('rootchanges', [way]),
      variants: ['static'] as const,
    })),
    c('users'),
    c('names'),
    c('sticky'),
    c('setuid'),
    { ...c('nondumpable'), needsPrivilege: true },
    c('pidns'),
    c('automount', ['here']),
    c('automount', ['apart']),
    c('children'),
    c('threads'),
    c('threadexec'),
    c('signals', ['restart']),
    c('signals', ['plain']),
    c('daemon'),
    ...[1, 2, 3, seed].map((number) => c('differential', [`${number}`])),
    {
      ...c('differential'),
      name: 'differential on a tree that was there',
      readOnly: true,
      words: ({ tree }) => (tree ? [`${tree.seed}`, tree.directory] : ['0', '/missing']),
    },
    ...['paths', 'procself', 'chroots', 'mountns', 'pidns', 'children'].map((subject) => ({
      ...c('inuserns', [subject]),
      variants: ['static'] as const,
      needsPrivilege: true,
    })),
    go('answers'),
    go('storm'),
    go('spawn'),
  ];
}
