import type { RuleSink } from '../../src/policy/compile.js';

/** A builder that takes everything, and every call that it saw. */
export function recorder(): { readonly sink: RuleSink; readonly calls: unknown[][] } {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...words: unknown[]): void => {
      calls.push([name, ...words.map((word) => (Buffer.isBuffer(word) ? String(word) : word))]);
    };
  const sink: RuleSink = {
    statfs: note('statfs'),
    mounts: note('mounts'),
    uname: note('uname'),
    sysinfo: note('sysinfo'),
    answerSysinfo: note('answerSysinfo'),
    whenType: note('whenType'),
    whenFstype: note('whenFstype'),
    whenPath: note('whenPath'),
    exceptType: note('exceptType'),
    exceptFstype: note('exceptFstype'),
    exceptPath: note('exceptPath'),
    exceptProgram: note('exceptProgram'),
    answer: note('answer'),
    answerFstype: note('answerFstype'),
    answerSource: note('answerSource'),
    answerShared: note('answerShared'),
    answerUname: note('answerUname'),
    file: note('file'),
    fileBytes: note('fileBytes'),
    fileRewrite: note('fileRewrite'),
    fileOption: note('fileOption'),
  };
  return { sink, calls };
}
