/**
 * The command line in few files, dist/command. What `exec` spends before it hands over is mostly the
 * finding of small modules and the start of Node's loader for ECMAScript modules; so they are put
 * together, in CommonJS, and what is loaded on demand stays in files of its own. Programs that use
 * the library get the modules as they are.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { together } from './together.mjs';

/** What a module of ours asks of import.meta. */
const banner = "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;";

/** Bundles `src/cli.ts` below `root` into `directory`. */
export async function bundleCommand(root, directory) {
  // Only here: without the development dependencies there is nothing to build.
  const { build, transform } = await import('esbuild');
  // Splitting there is for ECMAScript modules only: CommonJS is made of them afterwards.
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli.ts'],
    outdir: directory,
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['koffi'],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'eof',
    logLevel: 'warning',
  });
  const files = new Map();
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      sourcefile: basename(path),
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      minifyWhitespace: true,
      legalComments: 'eof',
      supported: { 'dynamic-import': false },
      define: { 'import.meta.url': 'importMetaUrl' },
      banner: text.includes('import.meta.url') ? banner : '',
      logLevel: 'warning',
    });
    files.set(basename(path), code);
  }
  const exec = [...files.keys()].find((name) => name.startsWith('exec-'));
  files.set('cli.js', together(files, 'cli.js', exec));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }\n');
  for (const [name, code] of files) writeFileSync(join(directory, name), code);
}
