// Calls that a program answers by itself, by notify: the same answers as natively, but for the type; and
// what is not surely safe is stopped as ever.
import t from 'tap';
import { asUser, run } from '../claims/helpers.js';
import { seccompSpoof } from '../support/paths.js';
import * as programs from './programs.js';
import {
  ASKS,
  asking,
  countOf,
  FEW,
  filters,
  opening,
  opensStopped,
  policy,
  statically,
} from './programs.js';

const { place, remove } = programs.makePlace();
t.teardown(remove);

const natively = (program: string, verb: string) => run([program, verb, place]);

function wrapped(
  program: string,
  verb: string,
  options: readonly string[] = [],
  before: readonly string[] = [],
) {
  const inline = options.includes('--inline') ? [] : ['--inline', 'always'];
  return programs.wrapped(['-m', 'notify', ...inline, ...options], [program, verb, place], before);
}

for (const [kind, program] of asking) {
  for (const verb of ['edges', 'fork', 'vfork', 'threads', 'table', 'strict'])
    void t.test(`${kind}: ${verb}`, (t) => {
      const native = natively(program, verb);
      const { status, signal, stdout, stderr, told } = wrapped(program, verb);
      t.equal(status, 0, `${signal} ${stdout} ${stderr}`);
      t.equal(stdout, native.stdout, 'the same is told');
      t.equal(countOf(told, /^programs/), 1, 'one program answers by itself');
      t.equal(countOf(told, /^places/) > 0, true, 'in more than one place');
      t.end();
    });

  for (const verb of [
    'fork',
    'vfork',
    'threads',
    'beside-thread',
    'strict',
    'cancels',
    'probes-filters',
    'beside-filter',
    'after-filter',
  ])
    void t.test(`${kind}: ${verb} stops nearly nothing`, (t) => {
      const { told } = wrapped(program, verb);
      t.ok(told.stopped < FEW, `${told.stopped} calls were stopped`);
      t.end();
    });

  void t.test(`${kind}: the page`, (t) => {
    const { status, stdout } = wrapped(program, 'maps');
    t.equal(status, 0, stdout);
    t.end();
  });

  for (const [verb, outcome] of [
    ['beside-process', /threads, or memory/],
    ['own-filter', /stopped by a filter/],
  ] as const)
    void t.test(`${kind}: ${verb}`, (t) => {
      const { status, signal, stdout, stderr, told } = wrapped(program, verb);
      t.equal(status, 0, `${signal} ${stdout} ${stderr}`);
      t.ok(countOf(told, outcome) > 0, JSON.stringify(told.inline));
      t.ok(told.stopped >= ASKS, `${told.stopped} calls were stopped`);
      t.end();
    });

  void t.test(`${kind}: code that no file holds`, (t) => {
    const { status, signal, stdout, told } = wrapped(program, 'generated');
    t.equal(status, 0, `${signal} ${stdout}`);
    t.ok(countOf(told, /code that is not known/) > 0, JSON.stringify(told.inline));
    t.end();
  });

  void t.test(`${kind}: auto, for who executes what asked often`, (t) => {
    const script = 'for i in 1 2 3 4 5 6 7 8 9; do "$0" "$@"; done; :';
    const { told } = programs.wrapped(
      ['-m', 'notify', '--inline', 'auto'],
      ['sh', '-c', script, program, 'strict', place],
    );
    t.ok(told.stopped < 9 * 64, `${told.stopped} calls were stopped of nine programs`);
    t.equal(countOf(told, /^programs/), 9);
    t.end();
  });

  void t.test(`${kind}: auto, for who asks often; off, for nobody`, (t) => {
    const auto = wrapped(program, 'strict', ['--inline', 'auto']).told;
    t.ok(auto.stopped >= 64 && auto.stopped < 64 + FEW, `${auto.stopped} calls were stopped`);
    const off = wrapped(program, 'strict', ['--inline', 'off']).told;
    t.ok(off.stopped >= ASKS, `${off.stopped} calls were stopped`);
    t.same(off.inline, []);
    t.end();
  });
}

for (const [kind, program] of opening) {
  // [verb, calls that have to be stopped, at most more]: paths of few bytes, or which may be a table's, are stopped.
  for (const [verb, least, most] of [...opensStopped, ['threads', ASKS, Infinity]] as const)
    void t.test(`${kind}, opens: ${verb}`, (t) => {
      const native = natively(program, verb);
      const { status, signal, stdout, stderr, told } = wrapped(program, verb);
      t.equal(status, 0, `${signal} ${stdout} ${stderr}`);
      t.equal(stdout, native.stdout, 'the same is told');
      t.ok(told.stopped >= least && told.stopped <= most, `${told.stopped} calls were stopped`);
      t.ok(countOf(told, /^places/) > 0, 'places answer by themselves');
      t.end();
    });

  for (const verb of ['beside-ended', 'forbids'])
    void t.test(`${kind}, opens: ${verb}`, (t) => {
      const { status, signal, stdout, stderr, told } = wrapped(program, verb);
      t.equal(status, 0, `${signal} ${stdout} ${stderr}`);
      if (verb === 'beside-ended') t.ok(told.stopped >= ASKS, `${told.stopped} calls were stopped`);
      t.end();
    });

  void t.test(`${kind}, opens: a table under a path that was another file's`, (t) => {
    const { status, stdout, stderr, told } = wrapped(program, 'table');
    t.equal(status, 0, `${stdout} ${stderr}`);
    t.ok(told.stopped < ASKS, `${told.stopped} calls were stopped`);
    t.end();
  });
}

void t.test('a profile that forbids to find out whether a path can be read', (t) => {
  const before = [statically, 'without-timers'];
  const { status, stdout, stderr, told } = wrapped(opening[0][1], 'children', [], before);
  t.equal(status, 0, `${stdout} ${stderr}`);
  t.ok(told.stopped >= ASKS, `${told.stopped} calls were stopped`);
  t.same(told.inline, [], 'nothing was tried in the program');
  t.end();
});

for (const mechanism of ['notify', 'trace'])
  void t.test(`${mechanism}: a program that cannot be changed any more has a filter`, (t) => {
    const before = process.getuid?.() === 0 ? asUser : [];
    const words = ['-m', mechanism, '--inline', 'always'];
    const { status, signal, stderr, told } = programs.wrapped(
      words,
      [filters, 'unreadable', '0'],
      before,
    );
    t.equal(status, 0, `${signal} ${stderr}`);
    t.ok(countOf(told, /^places/) > 0, JSON.stringify(told.inline));
    t.end();
  });

for (const mechanism of ['notify', 'trace'])
  void t.test(`${mechanism}: a probe of the kernel's in a page of code`, (t) => {
    const words = ['-m', mechanism, '--inline', 'always'];
    const native = run([filters, 'probed', '0']);
    if (native.status === 77) {
      t.pass('a probe', { skip: 'no uprobes for this user' });
      t.end();
      return;
    }
    const { status, signal, stderr } = programs.wrapped(words, [filters, 'probed', '0']);
    t.equal(native.status, 0, 'natively');
    t.equal(status, 0, `${signal} ${stderr}`);
    t.end();
  });

void t.test('who shares memory is not known', (t) => {
  const as = process.getuid?.() === 0 ? asUser : [];
  const before = [...as, statically, 'without-kcmp'];
  const { status, stdout, stderr, told } = wrapped(statically, 'beside-process', [], before);
  t.equal(status, 0, `${stdout} ${stderr}`);
  t.ok(told.stopped >= ASKS, `${told.stopped} calls were stopped`);
  t.ok(countOf(told, /not accessible/) > 0, JSON.stringify(told.inline));
  t.end();
});

const isRoot = process.getuid?.() === 0;
void t.test('root who may not reach programs of others', { skip: !isRoot && 'needs root' }, (t) => {
  const before = ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace'];
  const words = ['exec', '-v', '-m', 'notify', '--inline', 'always', ...policy, '--', 'true'];
  const { status, stderr } = run([...before, seccompSpoof, ...words]);
  t.equal(status, 0, stderr);
  t.match(stderr, /inline: off: .*without CAP_SYS_PTRACE/);
  t.end();
});

void t.test('why not is said', (t) => {
  const say = (...options: readonly string[]): string =>
    run([seccompSpoof, 'exec', '-v', '--inline', 'auto', ...options, '--', 'true']).stderr;
  t.match(
    say('-m', 'notify', ...policy),
    /inline: statfs, fstatfs and opens .* after 64 stopped calls/,
  );
  t.match(say('-m', 'trace', ...policy), /inline: statfs, fstatfs and opens/);
  t.match(say('-m', 'ptrace', ...policy), /inline: off: only the mechanisms notify and trace/);
  const directory = t.testdir({
    'pattern.yaml':
      "apiVersion: seccomp-spoof/v1\nname: p\nfiles: [{ path: '/no/*', content: '' }]\n",
    'letter.yaml': "apiVersion: seccomp-spoof/v1\nname: l\nfiles: [{ path: /no/x, content: '' }]\n",
  });
  const file = (name: string): string => `${directory}/${name}.yaml`;
  t.match(say('-p', file('pattern')), /inline: off: .* is a pattern/);
  t.match(say('-p', file('letter')), /inline: off: .* a name of one letter/);
  t.match(say('-p', 'k3s-gvisor'), /inline: statfs, fstatfs, opens, stat, access and readlink/);
  const unknown = run([seccompSpoof, 'exec', '--inline', 'some', '--', 'true']);
  t.equal(unknown.status, 125);
  t.match(unknown.stderr, /--inline/);
  t.end();
});
