// A Node program that uses threads, children and files.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const directory = mkdtempSync('node-');
const names = Array.from({ length: 40 }, (_, i) => join(directory, String(i)));
for (const name of names) writeFileSync(name, name.slice(-2).padStart(2, '/'));
const texts = await Promise.all(names.map((name) => readFile(name, 'utf8')));
const worker = new Worker(
  `const { parentPort } = require('node:worker_threads');
   parentPort.postMessage(require('node:fs').statfsSync('.').type);`,
  { eval: true },
);
const [type] = await once(worker, 'message');
const child = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
child.stdin.end(texts.join(''));
let back = '';
for await (const chunk of child.stdout) back += chunk;
const sleeper = spawn('sleep', ['1000']);
await once(sleeper, 'spawn');
sleeper.kill('SIGTERM');
const [status, signal] = await once(sleeper, 'close');
console.log('the filesystem is', type.toString(16), statfsSync('.').type.toString(16));
console.log(back.length, back === texts.join(''), readFileSync(names[7], 'utf8').length);
console.log(
  status,
  signal,
  execFileSync('stat', ['-f', '-c', '%t', '.'], { encoding: 'utf8' }).trim(),
);
rmSync(directory, { recursive: true });
process.exitCode = 7;
