/**
 * Parameters: directories that a policy is told when it is used. Until then a placeholder takes their
 * place in its paths. Rule: a value is a path, quoted wherever a glob is meant: none is ever a pattern.
 * Imports nothing but types: it is on the way of every start with a parameter.
 */
import type { Parsed } from './filesystems.js';
import type {
  FileAnswer,
  FileRule,
  MountsRule,
  NamedPolicy,
  NormalisedPolicy,
  Parameter,
  StatfsRule,
} from './normalised.js';

/** Names of parameters. */
export const PARAMETER_NAME = /^[a-z][a-z0-9_]{0,31}$/;

/** Bytes of a value: far more than any directory of data has, and a bound for what is made of it. */
const MAX_BYTES = 1024;

/** Around a name in the paths of a policy that has no values yet; no glob has a control character. */
const PLACEHOLDER = /\/\x01([a-z0-9_]+)(\.parents)?\x02/g;
const placeholder = (reference: string): string => `/\x01${reference}\x02`;

/** Values by the names of parameters. */
export type Values = ReadonlyMap<string, string>;

/** As refused() of filesystems.js, which is large. */
const no = (message: string, suggestion: string): Parsed<never> => ({
  ok: false,
  message,
  suggestion,
});

/** Reads the value of a parameter: an absolute path in its shortest form, below the root. */
export function parseDirectory(text: string): Parsed<string> {
  const shown = JSON.stringify(text.slice(0, 60));
  if (!text.startsWith('/')) {
    const advice = text === '' ? 'write /DIRECTORY' : `write it in full: /DIRECTORY/${text}`;
    return no(`${shown} is no absolute path`, /^[~$]/.test(text) ? 'write it in full' : advice);
  }
  if (/[\x00-\x1f\x7f]/.test(text)) {
    return no(`${shown} has a control character`, 'name a directory without one');
  }
  const parts = text.split('/').filter((part) => part !== '');
  if (parts.some((part) => part === '.' || part === '..')) {
    return no(`${shown} has a component "." or ".."`, 'write where it leads');
  }
  if (parts.length === 0) return no('/ is the root', 'name a directory below it');
  if (Buffer.byteLength(text) > MAX_BYTES) {
    return no(`the path is longer than ${MAX_BYTES} bytes`, 'name a shorter one');
  }
  return { ok: true, value: `/${parts.join('/')}` };
}

/** `${name}` or `${name.parents}` at `at`: what is between the braces, and one past them. */
function referenceAt(text: string, at: number): { inner: string; end: number } | undefined {
  const close = text.startsWith('${', at) ? text.indexOf('}', at) : -1;
  const inner = text.slice(at + 2, close);
  // A brace of two words stands for either, also behind a $.
  return close < 0 || inner.includes(',') ? undefined : { inner, end: close + 1 };
}

/**
 * The text with placeholders for the parameters that it names. `escapes`: a backslash takes the next
 * character as it is.
 */
export function withPlaceholders(text: string, escapes: boolean): Parsed<string> {
  let masked = '';
  for (let at = 0; at < text.length; at++) {
    const reference = referenceAt(text, at);
    if (reference === undefined) {
      const pair = escapes && text[at] === '\\';
      masked += text.slice(at, at + (pair ? 2 : 1));
      if (pair) at++;
      continue;
    }
    const { inner, end } = reference;
    const written = text.slice(at, end);
    const isParents = inner.endsWith('.parents');
    if (!PARAMETER_NAME.test(isParents ? inner.slice(0, -'.parents'.length) : inner)) {
      const advice = 'write ${name}, in small letters, or $\\{ for a brace in a name';
      return no(`${JSON.stringify(written)} names no parameter`, advice);
    }
    if (isParents && (at > 0 || end < text.length || !escapes)) {
      return no(`${written} stands for several directories`, 'write nothing before or behind it');
    }
    if (masked.endsWith('/')) {
      const advice = `write ${text.slice(0, at - 1)}${text.slice(at)}`;
      return no(`the value of ${written} begins with a slash itself`, advice);
    }
    masked += placeholder(inner);
    at = end - 1;
  }
  return { ok: true, value: masked };
}

/** The text as it was written, for messages. */
export function asWritten(text: string): string {
  return text.replace(
    PLACEHOLDER,
    (_, name: string, parents = '') => `\${${name}${String(parents)}}`,
  );
}

/** The parameters that a text names. */
export function namedIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

/** As a glob for the matcher that stands for this path alone. */
const quoted = (path: string): string => path.replace(/[*?\\]/g, '\\$&');

/** The directories above a path, the root first. */
function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
}

function fillGlobs(globs: readonly string[], values: Values): readonly string[] {
  const filled = globs.flatMap((glob) => {
    const [whole, name = '', parents] = [...glob.matchAll(PLACEHOLDER)][0] ?? [];
    if (whole === undefined) return [glob];
    if (parents !== undefined) return parentsOf(values.get(name) ?? '').map(quoted);
    return [glob.replace(PLACEHOLDER, (_, each: string) => quoted(values.get(each) ?? ''))];
  });
  return [...new Set(filled)];
}

function fillAnswer(answer: FileAnswer, values: Values): FileAnswer {
  if (!('redirect' in answer)) return answer;
  const target = answer.redirect.replace(PLACEHOLDER, (_, name: string) => values.get(name) ?? '');
  return { ...answer, redirect: target };
}

/** The policy with the values in place of the placeholders; there is one for each of its parameters. */
export function fillPolicy(policy: NormalisedPolicy, values: Values): NormalisedPolicy {
  const fillSelector = <S extends { readonly paths: readonly string[] }>(selector: S): S => ({
    ...selector,
    paths: fillGlobs(selector.paths, values),
  });
  const fillRule = <R extends StatfsRule | MountsRule>(rule: R): R => ({
    ...rule,
    when: fillSelector(rule.when),
    except: fillSelector(rule.except),
  });
  const fillFile = (rule: FileRule): FileRule => ({
    ...rule,
    when: fillSelector(rule.when),
    answer: fillAnswer(rule.answer, values),
  });
  return {
    ...policy,
    statfs: policy.statfs.map(fillRule),
    mounts: policy.mounts.map(fillRule),
    files: policy.files.map(fillFile),
  };
}

/** A parameter with what holds, as far as there is anything. */
function withValue(own: Parameter, given: Values, inherited?: Parameter): Parameter {
  const value = given.get(own.name) ?? own.default ?? inherited?.value;
  return { ...inherited, ...own, ...(value === undefined ? {} : { value }) };
}

/** What a policy inherits, and its own parameters, which come first; each with what holds. */
export function joinParameters(
  inherited: readonly Parameter[],
  own: readonly Parameter[],
  given: Values,
): readonly Parameter[] {
  const joined = new Map(inherited.map((each) => [each.name, each]));
  for (const each of own) joined.set(each.name, withValue(each, given, joined.get(each.name)));
  return [...joined.values()];
}

/** The values that hold. */
export function valuesOf(parameters: readonly Parameter[]): Values {
  return new Map(
    parameters.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
}

/** A policy of this package, whose parameters all have defaults, with what was given. */
export function fillNamed(named: NamedPolicy, given: Values): NamedPolicy {
  if (named.parameters === undefined) return named;
  const parameters = joinParameters([], named.parameters, given);
  return { ...named, parameters, policy: fillPolicy(named.policy, valuesOf(parameters)) };
}
