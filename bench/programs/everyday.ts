// Programs that have nothing to do with this project: do they work, and how much longer do they take?
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.js';
import type { Program } from './program.js';

export const everyday: readonly Program[] = [
  {
    row: 'apt-get download',
    needs: ['apt-get'],
    script: () => 'apt-get -qq -o APT::Sandbox::User=root download hello && ls | wc -l',
  },
  {
    row: 'git clone and status',
    needs: ['git'],
    script: () =>
      `git clone -q --no-hardlinks '${root}' copy && git -C copy status --short | wc -l`,
  },
  {
    row: 'make -j2 (a C project)',
    needs: ['make', 'cc'],
    prepare: (place) => {
      const build = join(root, 'csrc', 'build');
      cpSync(join(root, 'csrc'), join(place, 'csrc'), {
        recursive: true,
        filter: (source) => !source.startsWith(build),
      });
    },
    script: ({ short }) =>
      `cd csrc && make -s -j2 BUILD=fresh ${short ? 'fresh/seccomp-spoof' : ''} >/dev/null && ls fresh | wc -l`,
  },
  {
    row: 'npm ci',
    needs: ['npm'],
    prepare: (place) => {
      for (const name of ['package.json', 'package-lock.json', '.npmrc'])
        cpSync(join(root, name), join(place, name));
    },
    script: ({ short }) =>
      `npm ci ${short ? '--omit=dev' : ''} --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error >/dev/null 2>&1
echo $?; ls node_modules | wc -l`,
  },
  {
    row: 'gcc, many times',
    needs: ['gcc'],
    script: ({ short }) => `echo '#include <stdio.h>
int main(void) { return puts("compiled") < 0; }' >a.c
for i in $(seq ${short ? 5 : 30}); do gcc -O2 -o a a.c; done; ./a`,
  },
  {
    row: 'PostgreSQL, pgbench',
    needs: ['pg_ctlcluster', 'setpriv'],
    user: 'postgres',
    script: ({ short }) => {
      const transactions = short ? 50 : 500;
      return `PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH
initdb -D data -A trust >/dev/null && pg_ctl -D data -s -w -l log \\
  -o "-c listen_addresses= -c unix_socket_directories=$PWD" start && export PGHOST="$PWD" &&
pgbench -i -q postgres 2>/dev/null && pgbench -n -c 4 -j 2 -t ${transactions} postgres 2>/dev/null |
  grep -c 'actually processed: ${transactions * 4}/${transactions * 4}'
pg_ctl -D data -s -m fast stop`;
    },
  },
  {
    row: 'redis-server, redis-benchmark',
    needs: ['redis-server', 'redis-benchmark'],
    script: ({
      short,
    }) => `redis-server --port 0 --unixsocket "$PWD/redis" --save '' --daemonize yes --logfile "$PWD/log" >/dev/null
until redis-cli -s redis ping >/dev/null 2>&1; do :; done
redis-benchmark -s redis -n ${short ? 2000 : 20000} -q -t set,get,lpush | tr '\\r' '\\n' | grep -c 'requests per second, '
redis-cli -s redis shutdown nosave`,
  },
  {
    row: 'tmux',
    needs: ['tmux'],
    // Each time another server: the one before may still be ending.
    script: ({ short }) => `export TERM=screen TMUX_TMPDIR="$PWD"
for i in $(seq ${short ? 2 : 20}); do
tmux -L bench$i -f /dev/null new-session -d -x 80 -y 24 "sh -c 'seq 5; exec tmux -L bench$i wait-for done'"
until tmux -L bench$i capture-pane -p | grep -q 5; do :; done
tmux -L bench$i capture-pane -p | head -n 5 | tr '\\n' ' '; tmux -L bench$i kill-server
done`,
  },
];
