// `npm run bench`, `npm run soak`: compiles what is here and starts the program that is named first.
// Their own options: `npm run bench -- --help`, `npm run soak -- --help`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

function run(command, words) {
  const { status, error } = spawnSync(command, words, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(path.join(root, 'dist/seccomp-spoof'))) {
  console.error('bench: dist/seccomp-spoof is missing: `npm run build` makes it');
  process.exit(1);
}
// Another run in this checkout takes its turn.
mkdirSync(path.join(root, 'test/build'), { recursive: true });
const compile = [
  path.join(root, 'node_modules/typescript/bin/tsc'),
  '-p',
  path.join(root, 'bench'),
];
run('flock', [path.join(root, 'test/build/.lock'), process.execPath, ...compile]);
// Ctrl-C goes to the program as well, which knows how to end.
process.on('SIGINT', () => undefined);
const [program, ...words] = process.argv.slice(2);
run(process.execPath, [path.join(root, 'bench/build/js/bench', program), ...words]);
