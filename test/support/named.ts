// test/inline/named.c, and the place that it asks about, wherever that is run.
import { compileIn } from './compile.js';

export const compileNamed = (): string => compileIn('inline', 'named', ['named.c']);

/** Shell that makes a place for named.c, with policies in it whose rules name files there; in the second one by patterns, too; the third one has these rules alone. */
export const makeNamedPlace = (place: string): string => `
mkdir -p ${place}/x ${place}/dir && cd ${place} || exit 1
for file in file a abc abcd dir/file told x/vm x/xvm unnet xtold x/1.yaml y.yaml x/.yaml dir/conf; do echo real >$file; done
ln -s file link; ln -s loop loop
cat >policy.yaml <<'END'
apiVersion: seccomp-spoof/v1
name: named
statfs: [{ when: { type: tmpfs }, answer: { type: ext4 } }]
mounts: [{ when: { fstype: tmpfs }, answer: { fstype: ext4 } }]
files:
  - { path: ${place}/told, content: "told\\n" }
  - { path: ${place}/absent, content: "made\\n", when: missing }
  - { path: ${place}/net/told, content: "parent\\n", when: missing }
  - { path: ${place}/vm, content: "short\\n", when: missing }
  - { path: ${place}/x/vm, redirect: ${place}/file }
END
{ cat policy.yaml; cat <<'END'; } >patterns.yaml
  - { path: '${place}/x/*.yaml', content: "pattern\\n" }
  - { path: '${place}/dir/?onf', content: "shortest pattern\\n" }
END
grep -v -e ^statfs: -e ^mounts: policy.yaml >files.yaml
`;
