// `npm run bench`: compiles the bench and starts it. Its own options: `npm run bench -- --help`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

function run(words) {
  const { status, error } = spawnSync(process.execPath, words, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(path.join(root, 'dist/seccomp-spoof'))) {
  console.error('bench: dist/seccomp-spoof is missing: `npm run build` makes it');
  process.exit(1);
}
run([path.join(root, 'node_modules/typescript/bin/tsc'), '-p', path.join(root, 'bench')]);
run([path.join(root, 'bench/build/js/bench/main.js'), ...process.argv.slice(2)]);
