// What sysinfo(2) says under a rule, in each ABI and by each mechanism; what no rule names stays.
import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';
import { gvisorPlaces, runHere } from './places.js';

const GIB = 2 ** 30;

const policy = (): string =>
  'apiVersion: seccomp-spoof/v1\nname: sysinfo\n' +
  'sysinfo: { totalram: 6GiB, freeram: 1GiB, totalswap: 64MiB, freeswap: 1GiB }\n';

/** More than there is, and no number of what is free. */
const large = (): string =>
  'apiVersion: seccomp-spoof/v1\nname: sysinfo\nsysinfo: { totalram: 1MiB, totalswap: 0 }\n';

const told = (totalram: number, freeram: number, totalswap: number, freeswap: number): string =>
  [
    'call 0',
    `totalram ${totalram}`,
    `freeram ${freeram}`,
    `totalswap ${totalswap}`,
    `freeswap ${freeswap}`,
    'shared and buffers fit: 1',
    'small numbers fit: 1',
    'the rest: 1',
    'bad pointer -1 errno=14',
    '',
  ].join('\n');

const cases = [
  { name: 'all fields', rules: policy, says: told(6 * GIB, GIB, GIB / 16, GIB / 16) },
  { name: 'nothing is more than the whole', rules: large, says: told(2 ** 20, 2 ** 20, 0, 0) },
];

const script = (variant: string, mechanism: string, file: string): string => {
  const subject = quote(path.join(testBuild, variant, 'sysinfo'));
  return `${quote(seccompSpoof)} exec -m ${mechanism} --policy ${file} -- ${subject} 2>&1`;
};

for (const { name, rules, says } of cases) {
  for (const variant of ['static', 'i386']) {
    const skip = !existsSync(path.join(testBuild, variant, 'sysinfo')) && 'no 32-bit compiler';
    for (const mechanism of ['notify', 'trace', 'ptrace']) {
      await t.test(`${name}, ${variant}, by ${mechanism}`, { skip }, (t) => {
        const { stdout } = runHere(t, rules, (_, file) => script(variant, mechanism, file));
        t.equal(stdout, says);
        t.end();
      });
    }
  }
  for (const { name: place, skip, run } of await gvisorPlaces()) {
    for (const mechanism of ['trace', 'ptrace']) {
      await t.test(`${name}, ${place}, by ${mechanism}`, { skip }, async (t) => {
        const { stdout } = await run(rules, (_, file) => script('static', mechanism, file));
        t.equal(stdout, says);
      });
    }
  }
}

// Its uptime is another one, which the kernel alone can say.
await t.test('another time namespace', (t) => {
  const century = 100 * 365 * 24 * 3600;
  const skew = `unshare --time --boottime ${century} --fork`;
  const subject = `${quote(path.join(testBuild, 'static/sysinfo'))} ${century}`;
  for (const mechanism of ['notify', 'trace', 'ptrace']) {
    const { status, stdout } = runHere(t, policy, (_, file) =>
      [
        `${skew} true || exit 77`,
        `${quote(seccompSpoof)} exec -m ${mechanism} --policy ${file} -- ${skew} ${subject}`,
      ].join('\n'),
    );
    if (status === 77) t.comment('no time namespaces here');
    else t.equal(stdout, 'is up for longer: 1\n', mechanism);
  }
  t.end();
});
