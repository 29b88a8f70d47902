/**
 * `npm run package`: everything that a release is made of, in packages/. Two runs make the same bytes,
 * wherever and whenever: files have one time, one owner, modes of their own and a fixed order.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { debianPackage } from './debian.mjs';
import { MACHINES, needs, put, root, run, tidy, TIME } from './steps.mjs';

const output = join(root, 'packages');
const scratch = mkdtempSync(join(tmpdir(), 'seccomp-spoof-package-'));
const { name, version, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** As `npm pack` makes it here, but for modes: npm takes those of the checkout, which had an umask. */
function npmPackage() {
  const tree = join(scratch, 'npm');
  const always = ['package.json', 'README.md', 'LICENSE'];
  for (const file of [...always, ...files.filter((each) => !each.startsWith('!'))])
    put(join(root, file), join(tree, file));
  tidy(tree);
  run(['npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', output], { cwd: tree });
}

/** What a debugger needs, for all machines: `linux-x64/seccomp-spoof-supervisor.debug`. */
function debugSymbols() {
  const tree = join(scratch, 'debug');
  for (const [machine, { gnu }] of Object.entries(MACHINES)) {
    const built = machine === process.arch ? 'build' : `build-${gnu}`;
    const stripped = join(root, 'csrc', built, 'stripped');
    for (const file of readdirSync(stripped).filter((each) => each.endsWith('.debug')))
      put(join(stripped, file), join(tree, `linux-${machine}`, file));
  }
  const archive = join(output, `${name}-${version}-debug.tar.xz`);
  const same = ['--sort=name', `--mtime=@${TIME}`, '--mode=a=r,u+w,a+X', '--owner=0', '--group=0'];
  run(['tar', '-cJf', archive, ...same, '--numeric-owner', '-C', tree, '.']);
}

function checksums() {
  const lines = readdirSync(output)
    .sort()
    .map((file) => {
      const digest = createHash('sha256').update(readFileSync(join(output, file)));
      return `${digest.digest('hex')}  ${file}\n`;
    });
  writeFileSync(join(output, 'SHA256SUMS'), lines.join(''));
}

needs('dpkg-deb', 'install dpkg, which makes the Debian packages');
try {
  for (const [script, ...words] of [['prepare.mjs', '--needed'], ['other-machine.mjs']])
    run([process.execPath, join(root, 'src/build', script), ...words]);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
  npmPackage();
  for (const machine of Object.keys(MACHINES)) debianPackage(machine, scratch, output);
  debugSymbols();
  checksums();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(readFileSync(join(output, 'SHA256SUMS')));
