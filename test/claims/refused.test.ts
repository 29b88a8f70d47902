// Below a profile that refuses what we need: who has refused is said, and nothing else is blamed.
import { constants } from 'node:os';
import path from 'node:path';
import t from 'tap';

import { root } from '../support/paths.js';
import { compile, run } from './helpers.js';

const refused = compile('refused');
const program = path.join(root, 'dist/seccomp-spoof');

function below(what: string, error: number, words: readonly string[]) {
  return run([refused, what, String(error), program, ...words]);
}

const { EPERM, EACCES, ENOSYS } = constants.errno;

for (const error of [EPERM, EACCES, ENOSYS]) {
  void t.test(`seccomp(2) and ptrace(2) are refused by errno ${error}`, (t) => {
    const exec = below('calls', error, ['exec', '--fstype', 'proc=ext4', 'true']);
    t.equal(exec.status, 125);
    t.match(exec.stderr, /^seccomp-spoof: [^\n]*seccomp\(2\) is refused[^\n]*profile[^\n]*\n$/);
    const doctor = below('calls', error, ['doctor']);
    t.equal(doctor.status, 1);
    const problems = /^problems\n(.*)$/m.exec(doctor.stdout)?.[1] ?? '';
    t.match(problems, /seccomp\(2\) is refused.*ptrace\(2\) is refused/);
    t.notMatch(doctor.stdout, /before (Linux )?\d|Linux before|gVisor\)/);
    t.notMatch(problems, /sync-wake-up|deliver|wait-killable/);
    t.end();
  });
}

for (const error of [EPERM, EACCES]) {
  void t.test(`memory cannot be written and executed: errno ${error}`, (t) => {
    const words = ['exec', '--fstype', 'proc=ext4', '--', 'stat', '-f', '-c', '%t', '/proc'];
    const { status, stdout, stderr } = below('memory', error, words);
    t.same({ status, stdout, stderr }, { status: 0, stdout: 'ef53\n', stderr: '' });
    t.end();
  });
}
