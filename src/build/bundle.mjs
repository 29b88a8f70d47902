/**
 * The command line in few files, dist/command. What `exec` spends before it hands over is mostly the
 * finding of small modules and the start of Node's loader for ECMAScript modules; so they are put
 * together, in CommonJS, and what is loaded on demand stays in files of its own. Programs that use
 * the library get the modules as they are.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What a module of ours asks of import.meta. */
const banner = "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;";

/** What the bundler writes in front of each file that exports something. */
const HELPERS = /^var __defProp=.*?__toCommonJS=.*?,mod\);/m;

/** The names that `names` ask for while they start; what is loaded on demand stands in parentheses. */
function neededBy(names, files) {
  const found = new Set(names);
  for (const name of found)
    for (const [, other] of files.get(name).matchAll(/[;=]require\("\.\/([^"]+)"\)/g))
      found.add(other);
  return found;
}

/**
 * The text of `first` with copies of what it and `other` need in it: the bundler makes a file more
 * for each set of modules that verbs share, and Node takes a quarter of a millisecond to find and
 * read each of some fifteen. Others may ask for the same files: a copy gets into Node's cache by the
 * name of its file, so that each is there once. `before` runs before any of it.
 */
function together(files, first, other, before) {
  const [start, ...lines] = files.get(first).split('\n');
  const copies = [...neededBy([first, other], files)]
    .filter((name) => name !== first)
    .map(
      (name) =>
        `${JSON.stringify(`./${name}`)}: (module, exports, require, __filename) => {${files.get(name).replace(HELPERS, '')}\n},`,
    );
  // Once for all copies: they are a sixth of the text.
  const [helpers] = HELPERS.exec([...files.values()].join('\n'));
  return `${start}
"use strict";
${before}
${helpers}
const copies = {
${copies.join('\n')}
};
const fromCopy = (name) => {
  const path = __dirname + name.slice(1);
  const known = require.cache[path];
  if (known !== undefined) return known.exports;
  const own = new module.constructor(path, module);
  own.filename = path;
  own.paths = module.paths;
  require.cache[path] = own;
  copies[name](own, own.exports, ask, path);
  own.loaded = true;
  return own.exports;
};
const ask = (name) => (Object.hasOwn(copies, name) ? fromCopy(name) : require(name));
((require) => {
${lines.join('\n')}
})(ask);
`;
}

/** What the first file is written for: Node 8 and newer read it, and can say that they are too old. */
const ANY_NODE = 'es2017';

/** The text that refuses an old Node. */
async function nodeCheck(root, build) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/command-line/needs-node.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'node',
    target: ANY_NODE,
    minifyWhitespace: true,
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

/** Bundles `src/cli.ts` below `root` into `directory`. */
export async function bundleCommand(root, directory) {
  // Only here: without the development dependencies there is nothing to build.
  const { build, transform } = await import('esbuild');
  // Splitting there is for ECMAScript modules only: CommonJS is made of them afterwards.
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli.ts'],
    // The names of files are made of paths: they are to be the same wherever the dependencies really lie.
    preserveSymlinks: true,
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
  const whole = together(files, 'cli.js', exec, await nodeCheck(root, build));
  const { code } = await transform(whole, {
    sourcefile: 'cli.js',
    platform: 'node',
    target: ANY_NODE,
    minifyWhitespace: true,
    legalComments: 'eof',
    // An old Node only reads them.
    logOverride: { bigint: 'silent' },
    logLevel: 'warning',
  });
  files.set('cli.js', code);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }\n');
  for (const [name, code] of files) writeFileSync(join(directory, name), code);
}
