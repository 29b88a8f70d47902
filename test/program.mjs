// `npm run fuzz`, `fuzz:guided`, `faults`, `stress`: compiles a program of the tests and starts it.
// `--to FILE SOURCE`: leaves it there for others to start.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const [first, ...others] = process.argv.slice(2);
const [to, source, ...words] = first === '--to' ? others : [undefined, first, ...others];
const here = path.dirname(fileURLToPath(import.meta.url));
const outfile = to ?? path.join(here, 'build/programs', `main-${process.pid}.mjs`);
mkdirSync(path.dirname(outfile), { recursive: true });
buildSync({
  entryPoints: [path.join(here, source)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
});
if (to === undefined) {
  process.on('SIGINT', () => undefined);
  const { status } = spawnSync(process.execPath, [outfile, ...words], { stdio: 'inherit' });
  rmSync(outfile);
  process.exitCode = status ?? 1;
}
