// docs/containers.md: its image with npm's package is made, and run as the page runs all images, by podman.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { MECHANISMS } from '../bundle/helpers.js';
import { npmEnvironment } from '../package/npm.js';
import { fileIn, packages } from '../package/release.js';
import { cleanCommand } from '../support/environment.js';
import { isOfThisKernel, saysAsOnThePage } from '../support/doctor.js';
import { makeNodeImage } from './node-image.js';
import { blocks, compileTold, contexts, imageNames, lines, runLines, TOLD } from './page.js';
import { missing, Podman } from './podman.js';

await t.test('npm’s package', { skip: missing() }, (t) => {
  const podman = new Podman(t);
  const Dockerfile = blocks('Dockerfile')[1] ?? '';
  const [, base = '', file = ''] = /^FROM (\S+)\nCOPY (\S+) told \/$/m.exec(Dockerfile) ?? [];
  const context = t.testdir({ Dockerfile, base: {} });
  makeNodeImage(podman, base, path.join(context, 'base'));
  const tarball = path.join(context, file);
  copyFileSync(fileIn(packages(), '.tgz'), tarball);
  compileTold(t, context);

  // The image has no network: what npm installs there it has to have in its cache.
  const ofNpm = npmEnvironment();
  const install = ['npm', 'install', '--global', '--ignore-scripts', '--prefix', `${context}/npm`];
  const [command, words] = cleanCommand([...install, tarball], ofNpm);
  const { status, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  t.equal(status, 0, 'npm install', { stderr });
  const [, image = ''] = imageNames();
  podman.build(image, context, ['--volume', `${ofNpm['npm_config_cache'] ?? ''}:/cache`]);

  const found = lines(image);
  t.ok(found.length > 0, `${found.length} lines`);
  runLines(t, podman, found);
  // In one container, since each is a copy of the image.
  const told = MECHANISMS.map((name) => `seccomp-spoof exec -m ${name} --fstype tmpfs=ext4 /told`);
  for (const options of contexts()) {
    const command = ['--rm', ...options, '--entrypoint', 'sh', image, '-c', told.join(' && ')];
    const said = { status: 0, stdout: TOLD.repeat(MECHANISMS.length), stderr: '' };
    t.match(podman.run(command), said, command.join(' '));
  }

  const other = isOfThisKernel();
  if (other !== false) t.comment(`not applicable: ${other}`);
  else {
    const { stdout } = podman.run(['--rm', '--entrypoint', 'seccomp-spoof', image, 'doctor']);
    saysAsOnThePage(t, 'Container', stdout);
  }
  t.end();
});
