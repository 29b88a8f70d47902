// Programs that do one thing to many files, most of them in trees that are made for it.
import type { Program, Size } from './program.js';

/** What takes a moment only is done several times: `exec` itself has a table of its own. */
const repeated = ({ short }: Size, times: number, command: string): string =>
  `for i in $(seq ${short ? Math.ceil(times / 5) : times}); do ${command}; done`;

export const onManyFiles: readonly Program[] = [
  {
    row: 'find | xargs cat',
    needs: ['find', 'xargs'],
    tree: 'files',
    script: (size) => repeated(size, 3, 'find "$TREE/src" -type f -print0 | xargs -0 cat | wc -c'),
    inGvisor: true,
    peers: true,
  },
  {
    row: 'git status',
    needs: ['git'],
    tree: 'files',
    // The index is not written: neither does a run change the next one, nor has the sandbox the right.
    script: (size) =>
      repeated(size, 20, 'git --no-optional-locks -C "$TREE" status --short | wc -l'),
    inGvisor: true,
    peers: true,
  },
  {
    row: 'go build',
    needs: ['go'],
    tree: 'go',
    // HOME is new and with it Go's cache: its library is compiled, too.
    script: () => `place=$PWD; cd "$TREE" && export GOTOOLCHAIN=local GOPROXY=off CGO_ENABLED=0 &&
GOFLAGS=-modcacherw go build -o "$place/program" . && "$place/program" 2>&1`,
    peers: true,
  },
  {
    row: 'node, many modules',
    needs: ['node'],
    tree: 'modules',
    script: (size) => repeated(size, 10, 'node "$TREE/main.js"'),
    inGvisor: true,
    peers: true,
  },
  {
    row: 'tar of /usr/share',
    needs: ['tar'],
    // Through a pipe: tar does not even open the files if it writes to /dev/null.
    script: ({ short }) => `tar -C /usr -cf - share${short ? '/doc' : ''} 2>/dev/null | wc -c`,
    peers: true,
  },
  {
    row: 'tar of /usr/share/doc',
    needs: ['tar'],
    script: ({ cats }) => `cd /usr/share && find doc | head -n ${cats * 4} >"$HOME/list" &&
tar --no-recursion -T "$HOME/list" -cf - 2>/dev/null | tar -tf - | wc -l`,
    inGvisor: true,
  },
  {
    row: 'one cat a file',
    needs: ['find', 'xargs'],
    tree: 'files',
    script: ({ cats }) =>
      `find "$TREE/src" -type f | sort | head -n ${cats} | xargs -n 1 cat | wc -c`,
    inGvisor: true,
    peers: true,
  },
];
