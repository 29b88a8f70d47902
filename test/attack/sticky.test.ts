// Sticky directories where others can write: what the kernel keeps from a program there it keeps from it
// behind a redirect, too. The settings are the machine's, so here they are as they are; all of them are
// tried in the guest, whose kernel is its own.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { loadPolicy } from '../../src/index.js';
import { Guest } from '../lanes/guest/guest.js';
import { supervisor } from '../support/paths.js';
import { quote } from '../support/shell.js';
import { readLines } from './oracle.js';
import { compile, makePlace, mechanisms, missing, run } from './program.js';

const rulesOf = (directory: string): readonly string[] => [
  `{ path: '${directory}/ruled/**', redirect: ${directory}/real, scope: all }`,
];

/** What differs from the native run, but for FIFOs under `notify`, which are never opened there. */
function differences(mechanism: string, native: string, wrapped: string): string[] {
  const said = readLines(wrapped);
  return [...readLines(native)].flatMap(([what, outcome]) => {
    const now = said.get(what) ?? 'not tried';
    const never = mechanism === 'notify' && what.includes('/fifo-') && /(ing|anew)$/.test(what);
    return now === outcome || (never && now !== 'opened')
      ? []
      : [`${what}: ${now}, not ${outcome}`];
  });
}

const settings = (output: string): string =>
  output
    .split('\n')
    .filter((line) => line.includes(' protected_'))
    .join(', ');

await t.test('the settings of this machine', { skip: missing() }, (t) => {
  const program = compile('sticky', 'sticky.c');
  const { directory } = makePlace(t, rulesOf);
  const native = run([program, directory, 'real']);
  t.equal(native.status, 0);
  t.comment(settings(native.stdout));
  for (const mechanism of mechanisms) {
    const { directory, policy } = makePlace(t, rulesOf);
    const wrapped = run([program, directory, 'ruled'], { mechanism, policy });
    t.equal(wrapped.status, 0);
    t.same(differences(mechanism, native.stdout, wrapped.stdout), [], mechanism);
  }
  t.end();
});

const guest = new Guest();

await t.test('each setting', { skip: missing() || (guest.available() ?? false) }, async (t) => {
  const program = compile('sticky', 'sticky.c');
  const directory = '/tmp/place';
  const { directory: own, policy } = makePlace(t, () => rulesOf(directory));
  // Below the checkout, where the guest sees it.
  const blob = path.join(path.dirname(program), path.basename(own));
  writeFileSync(blob, (await loadPolicy({ policy })).blob);
  t.teardown(() => {
    rmSync(blob);
  });
  // Under `ptrace` the program opens it as under `trace`; the guest is slow.
  const tried = mechanisms.filter((mechanism) => mechanism !== 'ptrace');
  const places = ['native', ...tried];
  const scripts = places.map((name) => {
    const ruled = name !== 'native';
    const below = `${quote(supervisor)} start --policy 9 --mechanism ${name} --`;
    const command = `${quote(program)} ${directory} ${ruled ? 'ruled' : 'real'} 1 2`;
    return [
      `rm -rf ${directory}; mkdir ${directory}; chmod 755 ${directory}; exec 9<${quote(blob)}`,
      ruled ? `${below} ${command}` : command,
    ].join('\n');
  });
  const [native, ...wrapped] = await guest.runAll(scripts);
  const said = native?.stdout ?? '';
  t.equal(native?.status, 0);
  t.match(said, /^2 protected_regular: 2$/m, 'the guest can be set');
  t.match(said, /^1:user:everyone\/file-of-other creating: EACCES$/m, 'and its kernel refuses');
  for (const [index, mechanism] of tried.entries()) {
    t.equal(wrapped[index]?.status, 0);
    t.same(differences(mechanism, said, wrapped[index]?.stdout ?? ''), [], mechanism);
  }
});
