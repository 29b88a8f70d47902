/**
 * Part of `npm run lint`, given trees (`src`, `csrc`): no include or import climbs, and no files ask
 * for each other in a circle. A C file and the header of its name count as one. Says each fault on a
 * line and ends with 1, or says nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What each folder, or file at the top of the tree, stands on: it may use that and all below that. */
const FLOORS = {
  csrc: {
    spoof: [],
    arch: ['spoof'],
    process: ['arch'],
    front: ['process'],
    policy: ['spoof'],
    content: ['policy', 'arch'],
    compile: ['content'],
    tracee: ['content', 'process'],
    calls: ['tracee'],
    mechanism: ['calls'],
    inline: ['calls'],
    probe: ['mechanism', 'process'],
    supervisor: ['probe', 'inline'],
    doctor: ['supervisor'],
    bundle: ['doctor'],
    main: ['bundle'],
    library: ['compile', 'supervisor'],
  },
  src: {
    'node-version': [],
    errors: [],
    'needs-node': ['errors', 'node-version'],
    native: ['errors'],
    policy: ['native'],
    run: ['policy'],
    surfaces: ['run'],
    programs: ['surfaces'],
    index: ['programs', 'needs-node'],
    'command-line': ['run', 'node-version'],
    commands: ['command-line', 'programs'],
    build: ['commands'],
    cli: ['commands'],
  },
};

const SOURCE = /\.(c|h|ts|mjs)$/;
const USES = /^\s*#\s*include\s+"([^"]+)"|(?:^import |\bfrom |\bimport\()'(\.[^']+)'/gm;

/** `library` for library_policy.c, `tracee` for tracee/walk.c. */
const roomOf = (file) => /^[a-z-]+/.exec(file)[0];
const moduleOf = (file) => file.replace(/\.[ch]$/, '');

/** Every use of a file of the tree by another one; files by their paths in the tree. */
function usesIn(tree, files) {
  return files.flatMap((file) => {
    const text = readFileSync(join(tree, file), 'utf8');
    return [...text.matchAll(USES)].flatMap((match) => {
      const path = join(dirname(file), match[1] ?? match[2]);
      const used = [path, path.replace(/\.js$/, '.ts')].find((name) => files.includes(name));
      const line = text.slice(0, match.index + match[0].length).split('\n').length;
      return used === undefined ? [] : [{ file, line, used }];
    });
  });
}

function climbsAmong(tree, uses, floors) {
  const below = (room) => (floors[room] ?? []).flatMap((under) => [under, ...below(under)]);
  return uses.flatMap(({ file, line, used }) => {
    const [from, to] = [file, used].map(roomOf);
    if (from === to || below(from).includes(to)) return [];
    const where = below(to).includes(from)
      ? `on a higher floor (${to} above ${from})`
      : `not below it (${to} beside ${from})`;
    return [`${join(tree, file)}:${line} includes ${join(tree, used)}, which is ${where}`];
  });
}

/** The shortest way from a module back to itself, or undefined. */
function circleThrough(start, next) {
  const ways = [[start]];
  const seen = new Set();
  for (const way of ways)
    for (const module of next.get(way.at(-1)) ?? []) {
      if (module === start) return [...way, start];
      if (!seen.has(module)) ways.push([...way, module]);
      seen.add(module);
    }
  return undefined;
}

/** A circle for each module that stands in one, unless one before has shown it. */
function circlesAmong(tree, files, uses) {
  const next = new Map(files.map((file) => [moduleOf(file), new Set()]));
  for (const { file, used } of uses) {
    if (moduleOf(file) !== moduleOf(used)) next.get(moduleOf(file)).add(moduleOf(used));
  }
  const shown = new Set();
  const name = (module) =>
    join(
      tree,
      files.find((file) => moduleOf(file) === module),
    );
  return [...next.keys()].flatMap((module) => {
    const circle = shown.has(module) ? undefined : circleThrough(module, next);
    for (const each of circle ?? []) shown.add(each);
    return circle === undefined ? [] : [circle.map(name).join(' -> ')];
  });
}

/** All that is wrong with a tree, line by line. */
function faultsOf(tree) {
  const floors = FLOORS[basename(tree)];
  const files = readdirSync(tree, { recursive: true })
    .filter((file) => SOURCE.test(file))
    .sort();
  const uses = usesIn(tree, files);
  return [
    ...files
      .filter((file) => !Object.hasOwn(floors, roomOf(file)))
      .map((file) => `${join(tree, file)} is on no floor: give ${roomOf(file)} one`),
    ...climbsAmong(tree, uses, floors),
    ...circlesAmong(tree, files, uses),
  ];
}

const faults = process.argv.slice(2).flatMap(faultsOf);
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
