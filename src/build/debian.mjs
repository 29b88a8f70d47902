/** The Debian package: the command line as npm has it, with Node and libc from the distribution. */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { dist, giveUp, MACHINES, put, root, run, tidy, TIME } from './steps.mjs';

const { name, version, description, homepage, engines } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

/** `^20.19.0 || >=22.12.0` as Debian says it: an odd release and the first ones of the next may lie between. */
function nodeOf(range) {
  const [, first, major, second] =
    /^\^((\d+)\.\d+)\.0 \|\| >=(\d+\.\d+)\.0$/.exec(range) ?? giveUp(`engines: ${range}`);
  return `nodejs (>= ${first}), nodejs (<< ${Number(major) + 1}~) | nodejs (>= ${second})`;
}

/** The binary of koffi for a machine and glibc, as the lock file has it; its licence is given back. */
function putKoffi(machine, scratch, modules) {
  const fetched = join(scratch, `modules-${machine}`);
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    put(join(root, file), join(fetched, file));
  const platform = ['--os=linux', '--libc=glibc', `--cpu=${machine}`];
  const quiet = ['--silent', '--prefer-offline', '--ignore-scripts', '--omit=dev'];
  run(['npm', 'ci', ...quiet, ...platform], { cwd: fetched });
  const koffi = `@koromix/koffi-linux-${machine}`;
  for (const file of ['package.json', `linux_${machine}/koffi.node`])
    put(join(fetched, 'node_modules', koffi, file), join(modules, koffi, file));
  return readFileSync(join(fetched, 'node_modules/koffi/LICENSE.txt'), 'utf8');
}

const control = (machine, size) => `Package: ${name}
Version: ${version}
Architecture: ${MACHINES[machine].debian}
Maintainer: ${name} <${name}@users.noreply.github.com>
Installed-Size: ${size}
Depends: ${nodeOf(engines.node)}, libc6 (>= 2.28), libstdc++6
Section: utils
Priority: optional
Homepage: ${homepage}
Description: ${description.charAt(0).toLowerCase()}${description.slice(1)}
 Some programs look at the name of the filesystem they stand on and refuse to
 run because they do not know it. They run unchanged, and are told another one.
`;

/** Makes the package of a machine in `output`. */
export function debianPackage(machine, scratch, output) {
  const tree = join(scratch, `debian-${machine}`);
  const library = join(tree, 'usr/lib', name);
  const native = `dist/native/linux-${machine}`;
  const parts = ['package.json', 'policies', 'dist/command', 'dist/policies', native];
  for (const part of [...parts, 'dist/policy.schema.json'])
    put(join(root, part), join(library, part));
  // The program itself, not the launcher: nothing is between a caller and it.
  put(join(root, native, name), join(library, 'dist', name));
  rmSync(join(library, native, name));
  mkdirSync(join(tree, 'usr/bin'));
  symlinkSync(`../lib/${name}/dist/${name}`, join(tree, 'usr/bin', name));
  const licence = putKoffi(machine, scratch, join(library, 'node_modules'));

  put(join(dist, 'share'), join(tree, 'usr/share'));
  const documents = join(tree, 'usr/share/doc', name);
  for (const part of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs', 'bench/results'])
    put(join(root, part), join(documents, part));
  const ours = readFileSync(join(root, 'LICENSE'), 'utf8');
  const theirs = `In /usr/lib/${name}/node_modules is koffi:\n\n${licence}`;
  writeFileSync(join(documents, 'copyright'), `${ours}\n${theirs}`);
  run(['gzip', '-9n', join(tree, `usr/share/man/man1/${name}.1`), join(documents, 'CHANGELOG.md')]);

  const size = tidy(tree);
  mkdirSync(join(tree, 'DEBIAN'));
  writeFileSync(join(tree, 'DEBIAN/control'), control(machine, size));
  tidy(join(tree, 'DEBIAN'));
  run(['find', tree, '-exec', 'touch', '-h', '-d', `@${TIME}`, '{}', '+']);
  const file = join(output, `${name}_${version}_${MACHINES[machine].debian}.deb`);
  run(['dpkg-deb', '--root-owner-group', '-Zxz', '--build', tree, file], {
    env: { SOURCE_DATE_EPOCH: TIME },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
