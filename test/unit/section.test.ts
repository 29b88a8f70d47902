// Figures of several commands in one page: each writes its own section, and leaves the others as they are.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { root } from '../support/paths.js';
import { putSection, writeSection } from '../support/section.js';

await t.test('a section is put in its place', (test) => {
  const page = '# Page\n\n## One\n\nfirst\n\n## Two\n\nsecond\n';
  test.equal(putSection(page, 'One', 'new'), '# Page\n\n## One\n\nnew\n\n## Two\n\nsecond\n');
  test.equal(putSection(page, 'Two', 'new'), '# Page\n\n## One\n\nfirst\n\n## Two\n\nnew\n');
  test.equal(putSection(page, 'Three', 'new'), `${page}\n## Three\n\nnew\n`);
  test.end();
});

await t.test('a file with sections of others', (test) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'section-'));
  test.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const file = path.join(directory, 'page.md');
  for (const text of ['old', 'new']) writeSection(file, 'One', [text]);
  writeSection(file, 'Two', ['| a | b |', '| --- | --- |', '| longer | c |']);
  const table = '| a      | b   |\n| ------ | --- |\n| longer | c   |';
  test.equal(
    readFileSync(file, 'utf8'),
    `# Reliability\n\n## One\n\nnew\n\n## Two\n\n${table}\n`,
    'formatted',
  );
  writeFileSync(file, '# Page\n\n## Mine\n\nstays\n');
  writeSection(file, 'One', ['text']);
  test.equal(readFileSync(file, 'utf8'), '# Page\n\n## Mine\n\nstays\n\n## One\n\ntext\n');
  test.end();
});

await t.test('whoever takes a file for figures writes a section', (test) => {
  const directory = path.join(root, 'test');
  // What was built is never entered: other tests have trees there with links to everywhere.
  const files = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'build')
    .flatMap(({ name }) =>
      readdirSync(path.join(directory, name), { recursive: true, encoding: 'utf8' }).map((file) =>
        path.join(directory, name, file),
      ),
    )
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name, text: readFileSync(name, 'utf8') }));
  const asked = files.filter(({ text }) => /values\.report\b|process\.env\['REPORT'\]/.test(text));
  test.ok(asked.length >= 6, `${asked.length} of them`);
  for (const { name, text } of asked) {
    test.match(text, /writeSection\(|writeReport\(|addRow\(/, name);
    test.notMatch(text, /writeFileSync\((?:path\.resolve\(root, )?(?:values\.)?report\b/, name);
  }
  for (const { name, text } of files.filter(({ text }) => text.includes('function writeReport')))
    test.match(text, /writeSection\(/, name);
  test.end();
});
