/**
 * Several files of CommonJS in one. The bundler makes a file more for each set of modules that verbs
 * share, and Node takes a quarter of a millisecond to find and read each of some fifteen.
 */

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
 * The text of `first` with copies of what it and `other` need in it. Others may ask for the same
 * files: a copy gets into Node's cache by the name of its file, so that each is there once.
 */
export function together(files, first, other) {
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
