// Calls that programs answer by themselves on aarch64, in the emulated machine, by a bundle: the same as
// with --inline off, and by a tracer hardly stopped; with the C libraries of three releases of Debian, static, and in
// Go. A part of it; EFFORT=1: all. ONLY=REGEXP picks by name.
import t from 'tap';
import { make } from '../bundle/helpers.js';
import { DYNAMICALLY } from '../inline/programs.js';
import * as aarch64 from '../lanes/guest/aarch64.js';
import { checkout } from '../lanes/guest/guest.js';
import { Unavailable } from '../lanes/programs.js';
import { debianRoot } from '../package/roots.js';
import { compileIn } from '../support/compile.js';
import { buildGo, missingGo } from '../support/go.js';
import { makeNamedPlace } from '../support/named.js';
import { quote } from '../support/shell.js';

const skip = aarch64.available() ?? false;
if (skip === false) aarch64.build();

const PLACE = '/tmp/place';
/** Whose names `named.c` asks about. */
const NAMED = '/tmp/named';
const FLAGS = [...DYNAMICALLY, '-Wall', '-Wextra', '-Werror'];

const compiled = (name: string, ...flags: readonly string[]): string => {
  const kind = flags.length === 0 ? 'dynamic' : 'static';
  const all = [...FLAGS, ...flags];
  return compileIn('inline', `aarch64-${name}-${kind}`, [`${name}.c`], all, aarch64.compiler);
};

interface Case {
  readonly mechanism: 'notify' | 'trace';
  /** What is run, for the shell. */
  readonly command: string;
  readonly name: string;
  /** A place answers by itself, and fewer calls are stopped: how few, beside load, is a matter of time, since attempts are paid for by rests. */
  readonly answers?: boolean | undefined;
  readonly bundle?: string;
}

/** Debian's releases: a loader for programs that are linked to a library of any, and where the release's own are. */
function releases(): { suite: string; loader: string; tree: string }[] {
  const found = [];
  for (const suite of ['bullseye', 'bookworm', 'trixie'] as const)
    try {
      const tree = debianRoot(suite, 'arm64');
      const libraries = ['lib', 'usr/lib'].map((name) => `${tree}/${name}/aarch64-linux-gnu`);
      const program = quote(`${tree}/lib/ld-linux-aarch64.so.1`);
      const loader = `${program} --library-path ${quote(libraries.join(':'))}`;
      found.push({ suite, loader, tree });
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      t.comment(`${suite}: ${error.message}`);
    }
  return found;
}

/** Verbs of ask.c and opens.c, and whether they answer by themselves by a tracer. */
const ASKING: readonly (readonly [string, true?])[] = [
  ['edges'],
  ['fork', true],
  ['strict', true],
  ['own-filter'],
  ['generated'],
];
const OPENING: readonly (readonly [string, true?])[] = [
  ['edges'],
  ['registers', true],
  ['looks-alike'],
  ['signals'],
  ['fifo'],
  ['children', true],
  ['threads'],
  ['table'],
];

/** What is run if nothing is said: each takes some seconds there. */
const FEW =
  /static ask: edges|static opens: (registers|looks-alike|children)|trixie: cat|trixie opens: registers|names of rules|threads: forks|Go$/;

/** By notify an attempt takes so long there that few are made, and how many depends on what else runs. */
function casesOf(mechanism: Case['mechanism'], named: string): Case[] {
  const byNotify = mechanism === 'notify';
  const cases: Case[] = [];
  const add = (kind: string, program: string, verbs: typeof ASKING): void => {
    for (const [verb, answers] of verbs) {
      // A stopped call can end with EINTR before it is received (limits.md).
      if (byNotify && verb === 'signals') continue;
      const name = `${mechanism}, ${kind}: ${verb}`;
      const command = `${program} ${verb} ${PLACE}`;
      cases.push({ mechanism, command, name, answers: answers && !byNotify });
    }
  };
  add('static ask', quote(compiled('ask', '-static')), ASKING);
  add('static opens', quote(compiled('opens', '-static')), OPENING);
  const many = `${PLACE}/file `.repeat(300);
  for (const { suite, loader, tree } of releases()) {
    const command = `${loader} ${quote(`${tree}/usr/bin/cat`)} ${many} /proc/self/mounts ${many}`;
    cases.push({ mechanism, command, name: `${mechanism}, ${suite}: cat`, answers: !byNotify });
    if (suite === 'bullseye') continue; // our programs are linked to a newer library
    const few = OPENING.filter(([verb]) => /registers|signals|children|threads/.test(verb));
    add(`${suite} opens`, `${loader} ${quote(compiled('opens'))}`, few);
  }
  cases.push({
    mechanism,
    command: `${quote(compiled('named', '-static'))} ${NAMED}`,
    name: `${mechanism}, names of rules`,
    answers: !byNotify,
    bundle: named,
  });
  for (const verb of ['plain', 'signals', 'forks'])
    cases.push({
      mechanism,
      command: `${quote(compiled('beside', '-static'))} ${verb} 2 ${PLACE}`,
      name: `${mechanism}, threads: ${verb}`,
      answers: !byNotify,
    });
  if (missingGo === false) {
    const program = buildGo('test/inline/asks.go', 'inline/aarch64-asks-go', 'arm64');
    const command = `${quote(program)} go ${PLACE}`;
    cases.push({ mechanism, command, name: `${mechanism}, Go`, answers: !byNotify });
  }
  return cases;
}

/** Off and always, then what was told on the way. */
const scriptOf = (bundle: string, { mechanism, command }: Case): string =>
  ['off', 'always']
    // On one of its processors, as in aarch64.ts.
    .map(
      (when) =>
        `taskset 1 ${bundle} -m ${mechanism} --inline ${when} --stats -- ${command} >/tmp/${when} 2>/tmp/${when}.err; echo $?`,
    )
    .concat('cmp /tmp/off /tmp/always && echo same || diff /tmp/off /tmp/always | head -n 20')
    .concat('cat /tmp/off.err; echo; echo always:; cat /tmp/always.err')
    .join('\n');

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
const stoppedIn = (text: string): number => numberIn(text, /^ *calls stopped +(\d+)$/m);

await t.test('what programs are told', { skip }, async (t) => {
  const bundle = quote(await make('inline', '--arch', 'arm64', '--fstype', 'tmpfs=9p'));
  // The policy names files by where they are in the guest.
  const yaml = /cat >policy.yaml <<'END'\n([^]*?)END\n/.exec(makeNamedPlace(NAMED))?.[1] ?? '';
  const file = `${t.testdir({ 'policy.yaml': yaml })}/policy.yaml`;
  const named = quote(await make('inline-named', '--arch', 'arm64', '-p', file));
  const all = (['notify', 'trace'] as const).flatMap((mechanism) => casesOf(mechanism, named));
  const prepare = [
    makeNamedPlace(NAMED),
    `mkdir -p ${PLACE}/dir && cd ${PLACE} && touch file dir/file a abcd counts`,
    'ln -s file link; ln -s loop loop',
    `test -d ${quote(checkout)}`,
  ].join('\n');
  const only =
    process.env['EFFORT'] === undefined ? new RegExp(process.env['ONLY'] ?? FEW) : /(?:)/;
  const cases = all.filter(({ name }) => only.test(name));
  const scripts = cases.map((each) => scriptOf(each.bundle ?? bundle, each));
  const threads = `${quote(compiled('beside', '-static'))} deaths 2 ${PLACE}`;
  const killed = `taskset 1 ${bundle} -m notify --inline always --stats -- ${threads} 2>/tmp/said &
    while kill -0 $! 2>/dev/null; do
      for worker in $(grep -l 'seccomp-spoof: worker' /proc/[0-9]*/cmdline | cut -d / -f 3); do kill -9 $worker; done
      usleep 30000
    done 2>/dev/null
    wait $!; echo $?; cat /tmp/said`;
  const [prepared, kills, ...results] = await aarch64.guest.runAll([prepare, killed, ...scripts]);
  t.equal(prepared?.status, 0, prepared?.stderr ?? '');
  void t.test('notify, threads: the worker is killed meanwhile', (t) => {
    const { stdout = '', stderr = '' } = kills ?? {};
    t.match(stdout, /^0\n/, `${stdout}${stderr}`);
    t.ok(numberIn(stdout, /^ *worker starts +(\d+)$/m) > 1, stdout);
    const truths = stdout.match(/^the truth$/gm)?.length ?? 0;
    t.ok(truths <= numberIn(stdout, /^ *given up +(\d+)$/m), stdout);
    t.end();
  });
  const placesIn = (text: string): number => numberIn(text, /places in them +(\d+)$/m);
  const byNotify = results.filter((_, i) => cases[i]?.mechanism === 'notify');
  t.ok(
    byNotify.length === 0 || byNotify.some(({ stdout }) => placesIn(stdout) > 0),
    'by notify, too, a program answers by itself',
  );
  cases.forEach(({ name, answers = false }, i) => {
    const { stdout = '', stderr = '' } = results[i] ?? {};
    void t.test(name, (t) => {
      const [off, always = ''] = stdout.split(/^always:$/m);
      t.match(stdout, /^(\d+)\n\1\nsame\n/, `${stdout}${stderr}`);
      // By a tracer a table's filesystem is told as one of memory: limits.md.
      if (!name.endsWith('table')) t.match(stdout, /^0\n/);
      const [before, after] = [stoppedIn(off ?? ''), stoppedIn(always)];
      t.comment(`${after} instead of ${before} stopped`);
      t.ok(before > 0 && (!answers || after < before), `${after} of ${before}`);
      t.ok(!answers || placesIn(always) > 0, always);
      t.end();
    });
  });
});
