// `npm run fuzz`, `fuzz:guided`, `faults`, `stress`: compiles a program of the tests and starts it.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const [source, ...words] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));
const outfile = path.join(here, 'build/programs', `main-${process.pid}.mjs`);
buildSync({
  entryPoints: [path.join(here, source)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
});
process.on('SIGINT', () => undefined);
const { status } = spawnSync(process.execPath, [outfile, ...words], { stdio: 'inherit' });
rmSync(outfile);
process.exitCode = status ?? 1;
