// `npm run soak`: what it watches, how it judges, what it leaves. Commands, signals and servers are real.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';

import { clock, parseDuration } from '../../bench/soak/duration.js';
import { judge } from '../../bench/soak/judge.js';
import { knownPatterns, Patterns } from '../../bench/soak/logs.js';
import type { Criterion, Observation, Soak } from '../../bench/soak/model.js';
import { markdown } from '../../bench/soak/report.js';
import { judgeStatistics } from '../../bench/soak/statistics.js';
import { drawTimeline } from '../../bench/soak/timeline.js';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';

const main = path.join(root, 'bench/build/js/bench/soak/main.js');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly soak: Soak | undefined;
  readonly directory: string;
}

function scratch(test: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'seccomp-spoof-soak-'));
  test.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  return directory;
}

interface Running {
  readonly lines: AsyncIterator<string>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

function start(test: Test, words: readonly string[]): Running {
  const directory = scratch(test);
  const [program, rest] = cleanCommand([process.execPath, main, '--out', directory, ...words]);
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const ended = once(child, 'close').then(([status]): Ended => {
    let soak: Soak | undefined;
    try {
      soak = JSON.parse(readFileSync(path.join(directory, 'soak.json'), 'utf8')) as Soak;
    } catch {
      // There is none where nothing was watched.
    }
    return { status: status as number | null, stdout, stderr, soak, directory };
  });
  return { lines, kill: (signal) => void child.kill(signal), ended };
}

const run = (test: Test, ...words: string[]): Promise<Ended> => start(test, words).ended;

const verdictOf = (soak: Soak | undefined, about: RegExp): Criterion | undefined =>
  soak?.criteria.find(({ name }) => about.test(name));

const during = (time: string): readonly string[] => [
  '--for',
  time,
  '--every',
  '250ms',
  '--settle',
  '0',
];
const short = during('2s');
/** For a command that ends by itself. */
const untilItEnds = during('6h');

/** As long as it takes on this machine, beside whatever else it does, until the soak has seen enough. */
async function lasting(
  test: Test,
  enough: (soak: Soak) => boolean,
  words: (seconds: number) => readonly string[],
): Promise<Ended> {
  for (let seconds = 2; ; seconds *= 4) {
    const ended = await run(
      test,
      ...['--for', `${seconds}s`, '--every', '250ms'],
      ...words(seconds),
    );
    if (ended.soak === undefined || enough(ended.soak) || seconds > 500) return ended;
  }
}
/** Asks for the type of / again and again, for ever. */
const asker = ['sh', '-c', 'while stat -f / >/dev/null; do sleep 0.05; done'];
const spoofed = ['--fstype', 'ext4=xfs', '--fstype', 'overlay=xfs', '--fstype', 'xfs=ext4'];

void t.test('a command that holds out', async (test) => {
  const { status, stdout, soak, directory } = await lasting(
    test,
    ({ observations }) =>
      observations.length >= 3 && (observations.at(-1)?.counters?.stopped ?? 0) > 0,
    () => ['--settle', '0', ...spoofed, ...asker],
  );
  test.equal(status, 0, stdout);
  for (const about of [/stays up/, /whole time/, /supervisor/, /cAdvisor errors/]) {
    test.match(verdictOf(soak, about), { verdict: 'met' });
  }
  for (const about of [/Ready/, /statistics/, /pod/]) {
    test.match(verdictOf(soak, about), { verdict: 'not asked' });
  }
  const last = soak?.observations.at(-1);
  test.ok((soak?.observations.length ?? 0) >= 3, 'it was looked at several times');
  test.ok((last?.counters?.stopped ?? 0) > 0, 'calls were counted');
  test.ok((last?.command?.memory ?? 0) > 0, 'what the command uses');
  test.equal(last?.supervisor?.processes, 2, 'guardian and worker');
  const page = readFileSync(path.join(directory, 'soak.md'), 'utf8');
  test.match(page, /\| it stays up \| met \|/);
  const picture = readFileSync(path.join(directory, 'soak.svg'), 'utf8');
  test.match(picture, /^<svg [^]*calls stopped in a second[^]*<\/svg>\n$/);
  test.notMatch(picture, /(?:href|src)="?https?:/, 'it needs nothing but itself');
});

void t.test('programs that answer by themselves', async (test) => {
  const python = [
    'python3',
    '-c',
    'import os, time\nwhile True: os.statvfs("/"); time.sleep(0.05)',
  ];
  const { soak, directory } = await lasting(
    test,
    ({ inline }) => (inline?.outcomes.length ?? 0) > 0,
    () => ['--settle', '0', '--inline', 'always', '--fstype', '9p=ext4', ...python],
  );
  test.equal(soak?.inline?.asked, 'always');
  test.ok((soak?.inline?.outcomes.length ?? 0) > 0, 'what became of it is told');
  const page = readFileSync(path.join(directory, 'soak.md'), 'utf8');
  test.match(page, /\| inline \| always \|[^]*## Programs that answer by themselves\n/);
});

void t.test('docs/soak.md', (test) => {
  const page = readFileSync(path.join(root, 'docs/soak.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  const commands = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').trim().split('\n'));
  const here = commands.filter((command) => !command.includes('# lane: '));
  test.ok(here.length > 0 && commands.length > here.length, 'those of other lanes say so');
  for (const command of here) {
    const [program, words] = cleanCommand([
      'sh',
      '-c',
      `cd ${root} && ${command.replace('/tmp/soak', scratch(test))}`,
    ]);
    const out = spawnSync(program, words, { encoding: 'utf8', cwd: root });
    test.equal(out.status, 0, `${command}\n${out.stderr}`);
    test.match(out.stdout, /^it stays up +met /m);
  }
  test.end();
});

void t.test('soaks that are committed', (test) => {
  const soaks = path.join(root, 'bench/results/soaks');
  for (const name of readdirSync(soaks)) {
    const file = (kind: string): string =>
      readFileSync(path.join(soaks, name, `soak.${kind}`), 'utf8');
    const soak = JSON.parse(file('json')) as Soak;
    test.ok(markdown(soak) === file('md'), `${name}/soak.md is made of soak.json`);
    test.ok(drawTimeline(soak) === file('svg'), `${name}/soak.svg is made of soak.json`);
  }
  test.end();
});

void t.test('a command that ends', async (test) => {
  const words = [...untilItEnds, 'sh', '-c', 'echo last words; exit 3'];
  const { status, soak, directory } = await run(test, ...words);
  test.equal(status, 1);
  test.match(verdictOf(soak, /stays up/), { verdict: 'not met', why: /1 time, first: status 3/ });
  test.match(verdictOf(soak, /whole time/), { verdict: 'not met' });
  test.equal(readFileSync(path.join(directory, 'command.log'), 'utf8'), 'last words\n');
});

void t.test('a command that is started again', async (test) => {
  const words = ['--settle', '0', ...spoofed, '--restart', 'sh', '-c', 'stat -f /; kill -KILL $$'];
  const { status, soak } = await lasting(
    test,
    ({ observations }) => (observations.at(-1)?.counters?.workerStarts ?? 0) >= 3,
    () => words,
  );
  test.equal(status, 1);
  test.match(verdictOf(soak, /stays up/), { verdict: 'not met', why: /times, first: SIGKILL/ });
  test.match(verdictOf(soak, /whole time/), { verdict: 'met' });
  const last = soak?.observations.at(-1);
  test.ok((last?.restarts ?? 0) >= 2, 'restarts are counted');
  test.ok((last?.counters?.workerStarts ?? 0) >= 3, 'and the calls of all runs');
});

void t.test('there is no such command', async (test) => {
  for (const options of [[], ['--native']]) {
    const { status, soak } = await run(test, ...untilItEnds, ...options, '/no/such/command');
    test.equal(status, 1);
    test.match(verdictOf(soak, /stays up/), { verdict: 'not met', why: /status 127|ENOENT/ });
  }
});

void t.test('lines that must not be there', async (test) => {
  const log = path.join(scratch(test), 'other.log');
  writeFileSync(log, 'E unable to find data in memory cache: of an earlier run\n');
  const bad = `echo "E1 failed to get rootfs info"; echo 'my own 17' >>${log}; sleep 1h`;
  const words = [
    '--settle',
    '0',
    '--native',
    '--log',
    log,
    '--pattern',
    'own=^my own \\d+$',
    'sh',
    '-c',
    bad,
  ];
  const { status, soak } = await lasting(
    test,
    ({ matches }) => matches.length >= 2,
    () => words,
  );
  test.equal(status, 1);
  test.match(verdictOf(soak, /cAdvisor errors/), { verdict: 'not met', why: /^2 lines/ });
  const found = soak?.matches.map(({ pattern, line }) => [pattern, line]);
  test.same(found?.sort(), [
    ['own', 'my own 17'],
    ['rootfs-info', 'E1 failed to get rootfs info'],
  ]);
  const quiet = await run(test, ...short, '--native', '--pattern', 'none', 'sh', '-c', bad);
  test.equal(quiet.status, 0, 'none of the known ones was asked for');
});

void t.test('what fails while it settles does not count', async (test) => {
  const script = 'echo "unable to find data in memory cache"; sleep 1h';
  const { status, soak } = await lasting(
    test,
    ({ matches, settle }) => matches.some(({ at }) => at <= settle),
    (seconds) => ['--settle', `${seconds / 2}s`, '--native', 'sh', '-c', script],
  );
  test.equal(status, 0);
  test.match(verdictOf(soak, /cAdvisor errors/), { why: 'no line but 1 while it settled' });
});

void t.test('signals end it with what it has', async (test) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const words = ['--for', '1h', '--every', '250ms', '--settle', '0', '--native', 'sleep', '1h'];
    const running = start(test, words);
    await running.lines.next(); // the first look
    running.kill(signal);
    const { status, soak } = await running.ended;
    test.equal(status, 1, 'it was to last longer');
    test.equal(soak?.interrupted, signal);
    test.match(verdictOf(soak, /stays up/), { verdict: 'met' });
    test.match(verdictOf(soak, /whole time/), { verdict: 'not met', why: /of 1:00:00$/ });
  }
});

void t.test('wrong usage', async (test) => {
  for (const [words, message] of [
    [[], /a command is missing/],
    [['--for', 'soon', 'true'], /--for "soon" is no time/],
    [['--for', '5s', '--every', '1m', 'true'], /--every is longer than --for/],
    [['--patern', 'x=y', 'true'], /[Uu]nknown argument: patern/],
    [['--pattern', 'nothing', 'true'], /is not NAME=EXPRESSION/],
    [['--pattern', 'x=(', 'true'], /--pattern x: /],
    [['--native', '--policy', 'k3s', 'true'], /--native excludes/],
    [['--pod', 'pause', 'true'], /need --kubeconfig/],
    [['--statistics', '127.0.0.1:10255', 'true'], /no http or https address/],
  ] as const) {
    const ended = await run(test, ...words);
    test.equal(ended.status, 2, words.join(' '));
    test.match(ended.stderr, message);
    test.equal(ended.soak, undefined);
  }
});

async function serve(test: Test, answer: (url: string) => string | undefined): Promise<string> {
  const server: Server = createServer((request, response) => {
    request.resume();
    const text = answer(`${request.method ?? ''} ${request.url ?? ''}`);
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(text ?? '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const filesystem = { device: 'none', capacity: 2 ** 30 };
const container = { stats: [{ cpu: { usage: { total: 1 } }, memory: { usage: 1 }, filesystem: [filesystem] }] }; // prettier-ignore

void t.test('statistics are asked for at every look', async (test) => {
  let asked = 0;
  const address = await serve(test, () => JSON.stringify(asked++ < 2 ? {} : container));
  const words = ['--native', '--statistics', `${address}/api/v1.3/containers/`, 'sleep', '1h'];
  const early = await lasting(
    test,
    ({ observations }) => observations.length >= 3,
    () => {
      asked = 0;
      return ['--settle', '0', ...words];
    },
  );
  test.equal(early.status, 1);
  test.match(verdictOf(early.soak, /statistics/), { verdict: 'not met', why: /^2 of \d+ looks/ });
  const late = await run(test, ...short, ...words);
  test.equal(late.status, 0);
  test.match(verdictOf(late.soak, /statistics/), { verdict: 'met', why: /none 1\.0 GiB$/ });
  const nobody = await run(test, ...short, '--native', '--statistics', 'http://127.0.0.1:1/', 'sleep', '1h'); // prettier-ignore
  test.match(verdictOf(nobody.soak, /statistics/), { verdict: 'not met', why: /ECONNREFUSED/ });
});

void t.test('what statistics must hold', (test) => {
  const node = { cpu: { usageCoreNanoSeconds: 1 }, memory: { workingSetBytes: 1 }, fs: { capacityBytes: 5 } }; // prettier-ignore
  for (const [value, ok, detail] of [
    [{ node }, true, /^node filesystem/],
    [{ node: { ...node, fs: {} } }, false, /^node\.fs\.capacityBytes: /],
    [{ node: { ...node, fs: { capacityBytes: 0 } } }, false, /^node\.fs\.capacityBytes: /],
    [container, true, /^none /],
    [{ stats: [] }, false, /^stats: /],
    [{ stats: [{ ...container.stats[0], filesystem: [] }] }, false, /^stats\.0\.filesystem: /],
    [[], false, /./],
  ] as const) {
    test.match(judgeStatistics(JSON.stringify(value)), { ok, detail }, JSON.stringify(value));
  }
  test.match(judgeStatistics('<html>'), { ok: false, detail: /no JSON/ });
  test.end();
});

/** What a client of Kubernetes asks for, and is told; the API itself is asked where there is a k3s. */
class Kubernetes {
  readonly asked: string[] = [];
  ready = 'True';
  /** What a pod says that was made; one is gone as soon as it is deleted. */
  phase = 'Running';
  /** Whether a pod whose container is taken for dead is started again. */
  restarts = true;
  readonly #gone = new Set<string>();
  readonly #looks = new Map<string, number>();

  answer(request: string): string | undefined {
    this.asked.push(request);
    const [method = '', url = ''] = request.split(' ');
    const name = path.basename(new URL(url, 'http://k').pathname);
    if (name === 'nodes') {
      const conditions = [{ type: 'Ready', status: this.ready, message: 'not yet' }];
      return JSON.stringify({
        kind: 'NodeList',
        items: [{ metadata: { name: 'one' }, status: { conditions } }],
      });
    }
    if (method === 'POST') return JSON.stringify({ kind: 'Pod' });
    if (method === 'DELETE') this.#gone.add(name);
    if (method === 'GET' && this.#gone.has(name)) return undefined;
    const looks = (this.#looks.get(name) ?? 0) + 1;
    this.#looks.set(name, looks);
    // The one that stays has no number of its own.
    const restartCount = this.restarts && /-\d+-\d+$/.test(name) && looks > 2 ? 1 : 0;
    const ready = this.phase === 'Running';
    const state = ready ? {} : { waiting: { reason: 'ErrImagePull', message: 'no such image' } };
    const containerStatuses = [{ name: 'soak', ready, restartCount, state }];
    const spec = { containers: [], nodeName: 'one' };
    return JSON.stringify({ kind: 'Pod', spec, status: { phase: this.phase, containerStatuses } });
  }
}

void t.test('the node and its pods', async (test) => {
  const kubeconfig = (server: string): string =>
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
      clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      users: [{ name: 'u', user: {} }],
    });
  const file = path.join(scratch(test), 'config');
  const serving = async (): Promise<Kubernetes> => {
    const kubernetes = new Kubernetes();
    writeFileSync(file, kubeconfig(await serve(test, (url) => kubernetes.answer(url))));
    return kubernetes;
  };
  const words = ['--native', '--kubeconfig', file, '--pod', 'pause:3.9', 'sleep', '1h'];

  let kubernetes = await serving();
  const good = await lasting(
    test,
    ({ observations, settle }) =>
      observations.some(({ at, answers }) => at < settle && answers.visitor?.count === 1),
    (seconds) => {
      kubernetes.asked.length = 0;
      return ['--settle', `${seconds / 2}s`, ...words];
    },
  );
  test.equal(good.status, 0, good.stderr);
  test.match(verdictOf(good.soak, /Ready/), { verdict: 'met' });
  test.match(verdictOf(good.soak, /pod runs/), { verdict: 'met', why: /Running on one$/ });
  test.match(verdictOf(good.soak, /come and go/), {
    verdict: 'met',
    why: /\d came, were restarted and went/,
  });
  const made = kubernetes.asked.filter((url) => url.startsWith('POST '));
  const removed = kubernetes.asked.filter((url) => url.startsWith('DELETE '));
  // One that goes when the soak ends is asked to once more.
  test.equal(new Set(removed).size, made.length, 'each is taken away, by its own name');

  kubernetes = await serving();
  [kubernetes.ready, kubernetes.phase] = ['False', 'Pending'];
  const bad = await run(test, ...short, '--node', 'one', ...words);
  test.match(verdictOf(bad.soak, /Ready/), { verdict: 'not met', why: /not yet$/ });
  const why = /Pending: ErrImagePull: no such image$/;
  test.match(verdictOf(bad.soak, /pod runs/), { verdict: 'not met', why }, 'placed, not running');
  test.match(verdictOf(bad.soak, /come and go/), { verdict: 'not met', why: /^0 came/ });

  kubernetes = await serving();
  kubernetes.restarts = false;
  const never = { verdict: 'not met', why: /^0 came.*one more is restarted$/ };
  const alive = await lasting(
    test,
    (soak) => never.why.test(verdictOf(soak, /come and go/)?.why ?? ''),
    () => ['--settle', '0', ...words],
  );
  test.match(verdictOf(alive.soak, /come and go/), never, 'never restarted');
  test.match(verdictOf(alive.soak, /pod runs/), { verdict: 'met' });
  const other = await run(test, ...short, '--node', 'two', ...words);
  test.match(verdictOf(other.soak, /Ready/), { verdict: 'not met', why: /no such node$/ });
});

void t.test('what kubelet says of a pod that was deleted is no error of cAdvisor', (test) => {
  const patterns = new Patterns(knownPatterns);
  const lost = 'unable to find data in memory cache';
  const said = `E1 "Partial failure issuing cadvisor.ContainerInfoV2" err="/kubepods/x: ${lost}"`;
  for (const line of [said, `E1 failed to get root cgroup stats: ${lost}`]) patterns.look(line, 0);
  test.same(patterns.counts(), { 'memory-cache': 1 });
  test.end();
});

void t.test('times', (test) => {
  for (const [text, milliseconds] of [
    ['90', 90_000],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['1.5m', 90_000],
    ['m', undefined],
    ['10 s', undefined],
    ['', undefined],
  ] as const) {
    test.equal(parseDuration(text), milliseconds, text);
  }
  test.equal(clock(3_723_400), '1:02:03');
  test.end();
});

void t.test('a node that is lost', (test) => {
  const look = (at: number, ok: boolean): Observation => ({
    ...{ at, alive: true, restarts: 0, command: null, supervisor: null, counters: null },
    answers: { node: { ok, detail: ok ? 'Ready' : 'lost' } },
    matches: {},
  });
  const judged = (...looks: Observation[]): Criterion | undefined =>
    judge({ observations: looks, matches: [], endings: [], planned: 4, settle: 2, lasted: 4 })[0];
  test.match(judged(look(0, false), look(2, true), look(4, true)), { verdict: 'met' });
  test.match(judged(look(0, true), look(2, true), look(4, false)), {
    verdict: 'not met',
    why: '1 of 2 looks, the first at 0:00:00: lost',
  });
  test.match(
    judged(look(0, true), look(1, false)),
    { verdict: 'not met' },
    'shorter than settling',
  );
  test.end();
});
