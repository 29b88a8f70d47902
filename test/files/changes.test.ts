// What a program was told of a file that a rule makes holds until something changes, and not longer:
// after many looks at it a change is seen just as after none.
import path from 'node:path';
import t, { type Test } from 'tap';
import { seccompSpoof, testBuild } from '../support/paths.js';
import { quote } from '../support/shell.js';
import { gvisorPlaces, runHere } from './places.js';

const subject = path.join(testBuild, 'static/changes');
const looks = 100;

const policy = (directory: string): string => `apiVersion: seccomp-spoof/v1
name: changes
files:
  - path: ${directory}/tree/above/place/always
    content: "always\\n"
  - path: ${directory}/tree/above/place/lonely
    content: "lonely\\n"
    when: missing
`;

const always = ['stat always size=7', 'open always [always]'];
const lonely = ['stat lonely size=7', 'open lonely [lonely]'];
const byHand = ['stat lonely size=13', 'open lonely [made by hand]'];
const fails = (name: string, errno: number): readonly string[] => [
  `stat ${name} errno=${errno}`,
  `open ${name} errno=${errno}`,
];
const gone = [...fails('always', 2), ...fails('lonely', 2)];
const kept = [...always, ...lonely];

/** What is told after each change. */
const changes: Readonly<Record<string, readonly string[]>> = {
  nothing: kept,
  'file created': [...always, ...byHand],
  'file moved in': [...always, ...byHand],
  'link to elsewhere': [...always, ...byHand],
  'directory moved': gone,
  'directory above moved': gone,
  'directory removed': gone,
  'directory replaced': [...always, ...byHand],
  'directory became a link': [...fails('always', 2), ...byHand],
};

/** Only who has no power over directories is kept out of one. */
const closed = [...fails('always', 13), ...fails('lonely', 13)];
const unprivileged = { ...changes, 'directory above closed': closed };
/** The first one asks in a directory that is open to its owner alone, and so does another user. */
const privileged = { ...changes, 'another user': [...closed, ...kept] };
const withMounts = { ...privileged, 'mounted over': [...always, ...byHand] };

/** A mount is seen by nobody else, and gone with the run. */
const apart = 'unshare --mount --propagation private';
const asNobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups --';

type Changes = Readonly<Record<string, readonly string[]>>;

/** Prints what the subject says for each change, below each mechanism, after that many looks. */
function script(
  directory: string,
  policyFile: string,
  mechanisms: readonly string[],
  asked: Changes,
  before: string,
): string {
  const runs = mechanisms.flatMap((mechanism) =>
    Object.keys(asked).flatMap((change) =>
      [0, looks].map(
        (count) => `
echo '=== ${mechanism}, ${change}, ${count} looks'
rm -rf ${directory}/tree
mkdir -p ${directory}/tree/above/place ${directory}/tree/other
${change === 'another user' ? `chmod 700 ${directory}/tree/above` : ''}
${before !== asNobody ? '' : `chown -R 65534:65534 ${directory}/tree`}
cd ${directory}/tree
${before} ${quote(seccompSpoof)} exec -m ${mechanism} --policy ${policyFile} -- ${quote(subject)} '${change}' ${count} 2>&1 || echo "status $?"
cd /
`,
      ),
    ),
  );
  return `set -e\numask 022\n${runs.join('')}\nrm -rf ${directory}/tree\n`;
}

function compare(t: Test, output: string, mechanisms: readonly string[], asked: Changes): void {
  const [, ...runs] = output.split('=== ');
  const told = Object.fromEntries(
    runs.map((run) => {
      const [name = '', ...lines] = run.trimEnd().split('\n');
      return [name, lines.map((line) => line.replaceAll('above/place/', ''))];
    }),
  );
  for (const mechanism of mechanisms)
    for (const [change, expected] of Object.entries(asked))
      for (const count of [0, looks]) {
        const name = `${mechanism}, ${change}, ${count} looks`;
        t.same(told[name], expected, name);
      }
}

const here = ['notify', 'trace', 'ptrace'];
const root = process.getuid?.() === 0;

for (const mechanism of here) {
  await t.test(`root, by ${mechanism}`, { skip: root ? false : 'needs root' }, (t) => {
    const { status, stdout, stderr } = runHere(t, policy, (place, file) =>
      script(place, file, [mechanism], withMounts, apart),
    );
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, [mechanism], withMounts);
    t.end();
  });
  await t.test(`a user, by ${mechanism}`, (t) => {
    const { status, stdout, stderr } = runHere(t, policy, (place, file) =>
      script(place, file, [mechanism], unprivileged, root ? asNobody : ''),
    );
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, [mechanism], unprivileged);
    t.end();
  });
}

for (const { name, skip, run } of await gvisorPlaces()) {
  await t.test(name, { skip }, async (t) => {
    const mechanisms = ['trace', 'ptrace'];
    const { status, stdout, stderr } = await run(policy, (place, file) =>
      script(place, file, mechanisms, privileged, ''),
    );
    t.equal(status, 0, 'status', { stderr });
    compare(t, stdout, mechanisms, privileged);
  });
}
