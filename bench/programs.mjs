// Whole programs that have nothing to do with this project, natively and under each mechanism with
// the default policy: do they work, and how much longer do they take?
//   npm run bench:programs [-- --only REGEXP] [-- --rounds N] [-- --json FILE]
// Rounds are interleaved; ratios are of medians. What is not installed is left out, and said.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const spoof = join(root, 'dist', 'seccomp-spoof');
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});

/** Each script starts in an empty directory; what it prints has to be the same in every run. */
const programs = [
  {
    name: 'apt-get download',
    needs: ['apt-get'],
    script: 'apt-get -qq -o APT::Sandbox::User=root download hello && ls | wc -l',
  },
  {
    name: 'git clone and status',
    needs: ['git'],
    script: `git clone -q --no-hardlinks ${root} copy && git -C copy status --short | wc -l`,
  },
  {
    name: 'make -j2 (a C project)',
    needs: ['make', 'cc'],
    prepare: (place) => cpSync(join(root, 'csrc'), join(place, 'csrc'), { recursive: true }),
    script: 'cd csrc && make -s -j2 BUILD=fresh >/dev/null && ls fresh | wc -l; rm -rf fresh',
  },
  {
    name: 'npm ci',
    needs: ['npm'],
    prepare: (place) => {
      for (const name of ['package.json', 'package-lock.json', '.npmrc'])
        cpSync(join(root, name), join(place, name));
    },
    script:
      'npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error >/dev/null 2>&1; echo $?; rm -rf node_modules',
  },
  {
    name: 'gcc, 30 times',
    needs: ['gcc'],
    script: `echo '#include <stdio.h>
int main(void) { return puts("compiled") < 0; }' >a.c
for i in $(seq 30); do gcc -O2 -o a a.c; done; ./a`,
  },
  {
    name: 'tar of /usr/share/doc',
    needs: ['tar'],
    script: 'tar -C /usr/share -cf - doc 2>/dev/null | tar -tf - | wc -l',
  },
  {
    name: 'find, a cat a file',
    needs: ['find'],
    script: 'find /usr/share/doc -type f | head -n 1500 | xargs -n 1 cat | wc -c',
  },
  {
    name: 'PostgreSQL, pgbench',
    needs: ['pg_ctlcluster'],
    user: 'postgres',
    script: `PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH
initdb -D data -A trust >/dev/null && pg_ctl -D data -s -w -l log \\
  -o "-c listen_addresses= -c unix_socket_directories=$PWD" start && export PGHOST="$PWD" &&
pgbench -i -q postgres 2>/dev/null && pgbench -n -c 4 -j 2 -t 500 postgres 2>/dev/null |
  grep -c 'actually processed: 2000/2000'
pg_ctl -D data -s -m fast stop; rm -rf data`,
  },
  {
    name: 'redis-server, redis-benchmark',
    needs: ['redis-server', 'redis-benchmark'],
    script: `redis-server --port 0 --unixsocket "$PWD/redis" --save '' --daemonize yes --logfile "$PWD/log" >/dev/null
until redis-cli -s redis ping >/dev/null 2>&1; do :; done
redis-benchmark -s redis -n 20000 -q -t set,get,lpush | tr '\\r' '\\n' | grep -c 'requests per second, '
redis-cli -s redis shutdown nosave`,
  },
  {
    name: 'tmux',
    needs: ['tmux'],
    script: `export TERM=screen TMUX_TMPDIR="$PWD"
tmux -L bench -f /dev/null new-session -d -x 80 -y 24 'sh -c "seq 5; exec tmux -L bench wait-for done"'
until tmux -L bench capture-pane -p | grep -q 5; do :; done
tmux -L bench capture-pane -p | head -n 5 | tr '\\n' ' '; tmux -L bench kill-server`,
  },
];

const modes = {
  native: [],
  notify: [spoof, 'exec', '-m', 'notify', '--'],
  trace: [spoof, 'exec', '-m', 'trace', '--'],
  ptrace: [spoof, 'exec', '-m', 'ptrace', '--'],
};

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

function runOnce(program, prefix) {
  const place = mkdtempSync(join(tmpdir(), 'seccomp-spoof-bench-'));
  chmodSync(place, 0o777);
  program.prepare?.(place);
  const user = program.user === undefined ? [] : ['setpriv', `--reuid=${program.user}`];
  if (program.user) user.push(`--regid=${program.user}`, '--clear-groups', '--');
  const words = [...prefix, ...user, 'sh', '-c', program.script];
  const began = process.hrtime.bigint();
  const ended = spawnSync(words[0], words.slice(1), {
    cwd: place,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: place, LANG: 'C' },
  });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  rmSync(place, { recursive: true, force: true });
  return { seconds, result: `${ended.status} ${ended.stdout.trim()}`, errors: ended.stderr };
}

const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.round(q * (list.length - 1))];
const rounded = (value) => Number(value.toPrecision(3));
const rows = {};
let broken = false;
for (const program of programs) {
  if (!new RegExp(options.only).test(program.name)) continue;
  const missing = program.needs.filter((command) => !has(command));
  if (missing.length > 0) {
    console.log(`left out: ${program.name} (${missing.join(', ')} is not installed)`);
    continue;
  }
  const times = Object.fromEntries(Object.keys(modes).map((mode) => [mode, []]));
  let expected;
  for (let round = 0; round < Number(options.rounds); round++)
    for (const [mode, prefix] of Object.entries(modes)) {
      const { seconds, result, errors } = runOnce(program, prefix);
      expected ??= result;
      if (result !== expected || !result.startsWith('0 ')) {
        broken = true;
        console.error(`${program.name}, ${mode}: ${result} instead of ${expected}\n${errors}`);
      }
      times[mode].push(seconds);
    }
  const native = quantile(times.native, 0.5);
  rows[program.name] = Object.fromEntries(
    Object.entries(times).flatMap(([mode, list]) =>
      mode === 'native'
        ? [['native s', rounded(native)]]
        : [
            [mode, rounded(quantile(list, 0.5) / native)],
            [
              `${mode} p10-p90`,
              `${rounded(quantile(list, 0.1) / native)}-${rounded(quantile(list, 0.9) / native)}`,
            ],
          ],
    ),
  );
  console.log(program.name, JSON.stringify(rows[program.name]));
}
console.table(rows);
if (options.json) {
  mkdirSync(dirname(options.json), { recursive: true });
  const commit = execFileSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  }).trim();
  const machine = { kernel: release(), cpu: cpus()[0]?.model, cpus: cpus().length };
  const about = {
    ...machine,
    date: new Date().toISOString(),
    commit,
    rounds: Number(options.rounds),
  };
  writeFileSync(options.json, `${JSON.stringify({ ...about, ratios: rows }, undefined, 2)}\n`);
}
process.exitCode = broken ? 1 : 0;
