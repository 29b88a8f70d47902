// What a run may have said: the right answer, the truth, or the documented error; and what may be on the
// disk afterwards. A rule's file is written to or the call fails: the real one stays as it is.
import type { Run } from './arena.js';

/** What a line may be besides what it is without a fault, by what it is about. */
const besides: readonly (readonly [RegExp, readonly string[]])[] = [
  // Reading: the truth.
  [/^(\w+ )?(content|absolute|by link|no follow|content at the end)$/, ['[really ] 7']],
  [/^kept$/, ['[really kept ] 12', '[kept ] 5']],
  [/^kept again$/, ['[really kept ] 12', '[kept ] 5', '[onet ] 5', '[] 0', '[twot ] 5']],
  [/^discarded$/, ['[really discarded ] 17']],
  [/^absent$/, ['ENOENT', '[absent ] 7', '[] 0']],
  [/^large( again)?$/, ['[ big one  ] 111921']],
  [/^private$/, ['[not private ] 12']],
  [/^redirected$/, ['[not redirected ] 15']],
  [/^redirected again$/, ['[not redirected ] 15', '[target ] 7']],
  [/^in tree$/, ['[real leaf ] 10']],
  [/^(user )?rewritten( again)?$/, ['[one two ] 8']],
  [/^generated$/, ['[real stat ] 10']],
  [/^(\w+ )?version$/, ['Linux']],
  // Asking: the same.
  [/^(user )?(access|readlink|getxattr) /, []],
  [/^(user )?(stat|statx) content$/, ['ok 7 100644']],
  [/^(stat|statx) kept$/, [0, 1, 3, 5].map((size) => `ok ${size} 100666`).concat('ok 12 100644')],
  [/^(stat|statx) absent$/, ['ENOENT 0 0', 'ok 0 100644', 'ok 7 100644']],
  [/^(access|readlink|getxattr) absent$/, ['ENOENT']],
  [/^(stat|statx) redirected$/, ['ok 15 100644', 'ok 7 100644']],
  [/^(stat|statx) tree\/leaf$/, ['ok 10 100644']],
  [/^(stat|statx) rewritten$/, ['ok 8 100644']],
  [/^(stat|statx) memory.stat$/, ['ok 10 100644']],
  [/^(\w+ )?f?statfs (\.|content|\/)$/, ['ok 1021994']],
  [/^(\w+ )?table \/proc\/self\/mountinfo$/, ['tmpfs']],
  // Writing: closed.
  [/^(\w+ )?(write|create) (?!plain$|excepted$)/, ['EIO']],
  [/^truncate (?!plain$)/, ['EIO']],
  [/^openat2 content$/, ['EIO']],
];

const unruled = new Set(['create']);

/** Of a rule's file: an error of what stands in its place (a disk is broken), or of the kernel’s own call
 * that gives the program its descriptor. Those two are the program's to know. */
const passes = (what: string, now: string, fault: Reason): boolean => {
  if (fault.kind === 'ioctl_addfd' && /^\d+ opens, 1 others$/.test(now)) return true;
  const ofProgram = fault.error === 'EIO' || fault.kind === 'ioctl_addfd';
  const isRuled = besides.some(([pattern]) => pattern.test(what)) && !unruled.has(what);
  return ofProgram && isRuled && now.split(' ')[0] === fault.error;
};

export interface Reason {
  readonly kind: string;
  readonly error: string;
}

/** Where a tracer cannot know whether a signal is ignored: limits.md. */
const waits = ['EINTR -1'];

function mayBe(
  what: string,
  told: string,
  truth: string | undefined,
  traced: boolean,
): Set<string> {
  const may = new Set([told]);
  if (unruled.has(what)) return may;
  for (const [pattern, more] of besides)
    if (pattern.test(what)) for (const each of more) may.add(each);
  if (/^(\w+ )?(uname|sysinfo)$/.test(what) && truth !== undefined) may.add(truth);
  if (what === 'wait' && traced) for (const each of waits) may.add(each);
  return may;
}

const split = (line: string): readonly [string, string] => {
  const at = line.indexOf(': ');
  return [line.slice(0, at), line.slice(at + 2)];
};

const startFailed = (run: Run): boolean =>
  run.lines.length === 0 && run.exit === 125 && run.errors.startsWith('seccomp-spoof: ');

/** execve(2) has failed: as env(1) says it. */
const notExecuted = (run: Run, kind: string): boolean =>
  kind === 'execvp' && run.lines.length === 0 && run.exit === 126 && run.errors !== '';

const targets = /^(target\n(more\n)?|targ|made\n|)$/;

function wrongOnDisk(run: Run, before: Run): string[] {
  const wrong: string[] = [];
  for (const [name, text] of Object.entries(before.disk)) {
    const now = run.disk[name];
    if (name === 'target/tree/new') continue;
    const fine =
      name === 'target/redirected' ? now !== undefined && targets.test(now) : now === text;
    if (!fine)
      wrong.push(
        `${name} holds ${now === undefined ? 'nothing' : JSON.stringify(now.slice(0, 60))}`,
      );
  }
  for (const [name, text] of Object.entries(run.disk))
    if (!(name in before.disk) && !(name === 'target/tree/new' && text === 'new'))
      wrong.push(`${name} was made`);
  return wrong;
}

/** `without`: the same way without a fault; `native`: without the supervisor. Empty: all is allowed. */
export function wrongOf(
  run: Run,
  without: Run,
  native: Run,
  fault: Reason,
  traced: boolean,
): readonly string[] {
  if (run.hung !== '') return [`hangs:${run.hung}`, `last line: ${run.lines.at(-1) ?? 'none'}`];
  if (startFailed(run) || notExecuted(run, fault.kind))
    return run.disk['plain'] === 'plain\n' ? [] : ['the program ran'];
  const wrong: string[] = [];
  if (run.exit !== 42) wrong.push(`ended with ${run.exit}, signal ${run.signal}: ${run.errors}`);
  const truths = new Map(native.lines.map(split));
  const said = new Map(run.lines.map(split));
  for (const line of without.lines) {
    const [what, told] = split(line);
    const now = said.get(what);
    if (now === undefined) wrong.push(`says nothing of ${what}`);
    else if (!mayBe(what, told, truths.get(what), traced).has(now) && !passes(what, now, fault))
      wrong.push(`${what}: ${now}, not ${told}`);
  }
  if (run.lines.length > without.lines.length) wrong.push('says too much');
  return [...wrong.slice(0, 4), ...wrongOnDisk(run, without)];
}
