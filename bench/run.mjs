// Compares a stopped statfs with native and with the barest notify loop ("floor"), interleaved in
// one run, pinned to one CPU and not. Ratios are what counts: times differ between machines.
//   npm run bench            [-- --quick] [-- --json FILE]
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { release, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, 'build');
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    path: { type: 'string', default: '/dev/shm' },
    from: { type: 'string', default: 'tmpfs' },
  },
});

mkdirSync(build, { recursive: true });
for (const name of ['statfs-loop', 'floor'])
  execFileSync(
    'cc',
    ['-O2', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-o', join(build, name), join(here, `${name}.c`)],
    {
      stdio: 'inherit',
    },
  );

const loop = (calls) => [join(build, 'statfs-loop'), options.path, '1', String(calls)];
const spoof = join(here, '..', 'dist', 'seccomp-spoof');
const scale = options.quick ? 10 : 1;
const variants = {
  native: () => loop(200000 / scale),
  floor: () => [join(build, 'floor'), ...loop(40000 / scale)],
  notify: () => [spoof, 'exec', '--fstype', `${options.from}=ext4`, ...loop(40000 / scale)],
};
const repetitions = options.quick ? 5 : 20;

const samples = {};
for (let repetition = 0; repetition < repetitions; repetition++)
  for (const pinned of [true, false])
    for (const [name, command] of Object.entries(variants)) {
      const words = pinned ? ['taskset', '1', ...command()] : command();
      const [ns, type] = execFileSync(words[0], words.slice(1), { encoding: 'utf8' })
        .trim()
        .split(' ');
      if (name !== 'native' && type !== '0xef53')
        throw new Error(`${name} did not answer: ${type}`);
      (samples[`${name} ${pinned ? 'pinned' : 'unpinned'}`] ??= []).push(Number(ns));
    }

const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.round(q * (list.length - 1))];
const rows = {};
for (const pinned of ['pinned', 'unpinned'])
  for (const name of Object.keys(variants)) {
    const list = samples[`${name} ${pinned}`];
    const median = quantile(list, 0.5);
    rows[`${name} ${pinned}`] = {
      'ns/call': median,
      p10: quantile(list, 0.1),
      p90: quantile(list, 0.9),
      'to native': Number((median / quantile(samples[`native ${pinned}`], 0.5)).toFixed(2)),
      'to floor': Number((median / quantile(samples[`floor ${pinned}`], 0.5)).toFixed(2)),
    };
  }
console.log(
  `statfs of ${options.path}; Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} CPUs`,
);
console.table(rows);
if (options.json)
  writeFileSync(
    options.json,
    JSON.stringify(
      {
        kernel: release(),
        cpu: cpus()[0]?.model,
        cpus: cpus().length,
        date: new Date().toISOString().slice(0, 10),
        rows,
      },
      null,
      2,
    ) + '\n',
  );
