// Every command in docs/exec.md is run, and prints what the page says.
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { examples } from '../support/examples.js';
import { environment, isProduct, notApplicable, program, root, run, scratch } from './helpers.js';

const page = readFileSync(path.join(root, 'docs/exec.md'), 'utf8');

if (isProduct) {
  const found = examples(page);
  void t.test('the page has examples', (test) => {
    const mentions = page.match(/^\$ /gm)?.length;
    test.equal(found.length, mentions);
    test.ok(found.length > 10);
    test.end();
  });

  for (const { command, output } of found) {
    void t.test(command, async (test) => {
      const place = scratch(test);
      symlinkSync(program, path.join(place, 'seccomp-spoof'));
      const env = { ...environment, PATH: `${place}:${environment['PATH'] ?? ''}` };
      if (command.startsWith('unshare')) {
        const tried = await run(['unshare', '--fork', '--pid', '--mount-proc', 'true']);
        if (tried.status !== 0) {
          notApplicable(test, `${command}: ${tried.stderr.trim()}`);
          return;
        }
      }
      const end = await run(['bash', '-c', command], { cwd: place, env });
      test.same([end.stdout, end.stderr], [output, '']);
    });
  }
}
