// What a rule names is not written through, however the program comes to it (docs/decisions/0013).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { seccompSpoof } from '../support/paths.js';
import { compile, mechanisms, place, run } from './helpers.js';

const through = compile('through');
const real = 'real';

const content = 'content: "told", writes: discard, mode: "0666"';
const ruled = `{ path: DIR/ruled, ${content} }`;
const deep = [
  '{ path: [DIR/tree/**, DIR/edge/**], redirect: DIR/target }',
  `{ path: DIR/stars/**/ruled, ${content} }`,
  `{ path: DIR/longer/**, redirect: DIR/${'t'.repeat(250)} }`,
];

function made(test: Test, rules: readonly string[]): { directory: string; policy: string } {
  const { directory, policy } = place(test, 'files', rules);
  test.teardown(() => {
    run(['rm', '-rf', directory]); // of longer paths than Node.js removes
  });
  writeFileSync(path.join(directory, 'ruled'), real);
  mkdirSync(path.join(directory, 'target'));
  test.equal(run([through, 'make', directory]).stderr, '');
  return { directory, policy };
}

function said(words: readonly string[]): readonly string[] {
  const { stdout, stderr } = run(words);
  return `${stdout}${stderr}`.trimEnd().split('\n');
}

const sevenTimes = (error: string): string => Array(7).fill(error).join(' ');

for (const mechanism of mechanisms) {
  const below = (policy: string): string[] => [
    seccompSpoof,
    ...['exec', '-m', mechanism, '-p', policy, '--', through],
  ];

  await t.test(`along links, by ${mechanism}`, (test) => {
    const { directory, policy } = made(test, [ruled]);
    test.same(said([...below(policy), 'links', directory]), [
      `40 links: ${sevenTimes('done')}, told`,
      `41 links: ${sevenTimes('ELOOP')}, ELOOP`,
      `long links: ${sevenTimes('EIO')}, real`,
    ]);
    test.equal(readFileSync(path.join(directory, 'ruled'), 'utf8'), real);
    test.end();
  });

  await t.test(`where names are too long, by ${mechanism}`, (test) => {
    const { directory, policy } = made(test, deep);
    const closed = (name: string, fresh: string): string[] => [
      `${name}: ${sevenTimes('EIO')}, real`,
      `${name}, new: ${fresh}`,
    ];
    test.same(said([...below(policy), 'depth', directory]), [
      ...['tree', 'edge', 'stars', 'longer'].flatMap((name) => closed(name, 'EIO')),
    ]);
    test.same(
      said([through, 'tell', directory]),
      ['tree', 'edge', 'stars', 'longer'].map((name) => `${name}: as it was, nothing new`),
    );
    test.end();
  });

  await t.test(`where no rule reaches, by ${mechanism}`, (test) => {
    const { directory, policy } = made(test, [ruled]);
    test.same(said([...below(policy), 'depth', directory])[0], `tree: ${sevenTimes('done')}, done`);
    test.end();
  });

  await t.test(`by a handler while a call is let run, by ${mechanism}`, (test) => {
    const { directory, policy } = made(test, ['{ path: DIR/ruled, redirect: DIR/other }']);
    writeFileSync(path.join(directory, 'other'), 'other');
    test.same(said([...below(policy), 'handler', directory]), [
      mechanism === 'notify' ? 'let through' : 'none let through',
    ]);
    test.equal(readFileSync(path.join(directory, 'ruled'), 'utf8'), real);
    test.end();
  });

  if (mechanism !== 'notify')
    await t.test(`a stop while a call is made for us, by ${mechanism}`, (test) => {
      const { directory, policy } = made(test, ['{ path: DIR/ruled, redirect: DIR/a-fifo }']);
      run(['mkfifo', path.join(directory, 'a-fifo')]);
      test.same(said([through, 'fifo', directory]), ['written']);
      test.same(said([...below(policy), 'stop', directory]), ['written']);
      test.end();
    });

  await t.test(`by children that ask not to be traced, by ${mechanism}`, (test) => {
    const { directory, policy } = made(test, [ruled]);
    const natively = said([through, 'children', directory]);
    writeFileSync(path.join(directory, 'ruled'), real);
    // Where their arguments cannot be changed they are not made.
    const last = mechanism === 'notify' ? natively.slice(-1) : ['nowhere: ENOMEM, same'];
    test.same(
      said([...below(policy), 'children', directory]),
      [...natively.slice(0, -1), ...last].map((line) =>
        line.replace(/(same|changed) (real|done)/, 'same told'),
      ),
    );
    test.equal(readFileSync(path.join(directory, 'ruled'), 'utf8'), real);
    test.end();
  });
}
