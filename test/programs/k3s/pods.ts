// Pods on a real k3s, where this program runs: starts it below `exec` with what `doctor` advises, lets pods
// do one thing each, and prints what was seen as one line of JSON. What has to be seen: on-demand.ts.
// Rule: whatever is waited for has an end, and what was seen last is told then.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { CoreV1Api, Exec, KubeConfig, V1ConfigMap, V1Pod } from '@kubernetes/client-node';

const [spoof = '', directory = '', image = '', ...k3s] = process.argv.slice(2);
const kubeconfig = path.join(directory, 'k3s.yaml');
const namespace = 'default';

/** Nobody is as slow as that, not even an emulated machine beside others. */
const LONGEST_MS = 60 * 60_000;
const PAUSE_MS = 1000;
/** What is waited for is told this often: who is silent is taken for hung. */
const TELL_EVERY = 20;

function tell(line: string): void {
  process.stderr.write(`pods: ${line}\n`);
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n').slice(0, 4).join(' ');

/** Asks until the answer is something; an error is an answer that nobody wants. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + LONGEST_MS;
  let seen = 'nothing';
  for (let turn = 1; performance.now() < end; turn++) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      seen = messageOf(error);
    }
    if (turn % TELL_EVERY === 0) tell(`waits for ${what}: ${seen}`);
    await setTimeout(PAUSE_MS);
  }
  throw new Error(`no ${what}: ${seen}`);
}

class Cluster {
  readonly #config = new KubeConfig();
  readonly #api: CoreV1Api;

  constructor() {
    this.#config.loadFromFile(kubeconfig);
    this.#api = this.#config.makeApiClient(CoreV1Api);
  }

  async isReady(): Promise<true | undefined> {
    const { items } = await this.#api.listNode();
    const conditions = items[0]?.status?.conditions ?? [];
    const ready = conditions.find(({ type }) => type === 'Ready');
    if (ready?.status !== 'True') throw new Error(ready?.message ?? 'no node');
    return true;
  }

  async start(name: string, spec: object, container: object): Promise<void> {
    const containers = [{ name: 'it', image, imagePullPolicy: 'Never', ...container }];
    const common = { terminationGracePeriodSeconds: 1, enableServiceLinks: false };
    const body = Object.assign(new V1Pod(), {
      metadata: { name },
      spec: { ...common, ...spec, containers },
    });
    // Its account is made a little later than the node.
    await until(`the API to take ${name}`, () =>
      this.#api.createNamespacedPod({ namespace, body }),
    );
  }

  read(name: string): Promise<V1Pod> {
    return this.#api.readNamespacedPod({ namespace, name });
  }

  /** Once `wanted` says so; what keeps a pod from it is in the error. */
  async pod(name: string, wanted: (pod: V1Pod) => boolean): Promise<V1Pod> {
    return await until(`pod ${name}`, async () => {
      const pod = await this.read(name);
      if (wanted(pod)) return pod;
      const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting;
      throw new Error(
        `${pod.status?.phase ?? '?'} ${waiting?.reason ?? ''} ${waiting?.message ?? ''}`,
      );
    });
  }

  log(name: string): Promise<string> {
    return this.#api.readNamespacedPodLog({ namespace, name });
  }

  /** What a command in a pod says. */
  async run(name: string, ...command: readonly string[]): Promise<string> {
    const [out, error] = [new PassThrough(), new PassThrough()];
    const said = text(out);
    await new Promise((resolve, reject) => {
      new Exec(this.#config)
        .exec(namespace, name, 'it', [...command], out, error, null, false, resolve)
        .catch(reject);
    });
    out.end();
    return await said;
  }

  async remove(name: string): Promise<void> {
    await this.#api.deleteNamespacedPod({ namespace, name });
  }

  /** Nobody knows it any more. */
  async gone(name: string): Promise<true> {
    return await until(`${name} to go`, async () => {
      const { items } = await this.#api.listNamespacedPod({ namespace });
      return items.some(({ metadata }) => metadata?.name === name) ? undefined : (true as const);
    });
  }

  async names(): Promise<string[]> {
    const { items } = await this.#api.listNamespacedPod({ namespace });
    return items.map(({ metadata }) => metadata?.name ?? '');
  }

  async config(name: string, data: Record<string, string>): Promise<void> {
    const body = Object.assign(new V1ConfigMap(), { metadata: { name }, data });
    await this.#api.createNamespacedConfigMap({ namespace, body });
  }
}

const shell = (script: string) => ({ command: ['/bin/sh', '-c', script] });
const containerOf = ({ status }: V1Pod): string | undefined =>
  status?.containerStatuses?.[0]?.containerID;
const isRunning = ({ status }: V1Pod): boolean => status?.phase === 'Running';
const isReady = ({ status }: V1Pod): boolean => status?.containerStatuses?.[0]?.ready === true;
const hasEnded = ({ status }: V1Pod): boolean => /Succeeded|Failed/.test(status?.phase ?? '');

/** Directories below `top` whose name has `part` in it, without what is below them. */
function cgroups(top: string, part: string): string[] {
  const entries = readdirSync(top, { withFileTypes: true }).filter((each) => each.isDirectory());
  return entries.flatMap(({ name }) => {
    const place = path.join(top, name);
    return name.includes(part) ? [place] : cgroups(place, part);
  });
}

/** The groups that kubelet has made for a pod, in each hierarchy. */
const groupsOf = (pod: V1Pod): string[] => cgroups('/sys/fs/cgroup', pod.metadata?.uid ?? 'no uid');

function limitOf(pod: V1Pod): string[] {
  const names = ['memory.limit_in_bytes', 'memory.max'];
  return groupsOf(pod).flatMap((group) =>
    readdirSync(group)
      .filter((name) => names.includes(name))
      .map((name) => readFileSync(path.join(group, name), 'utf8').trim()),
  );
}

interface Summary {
  readonly node: {
    readonly fs?: { readonly capacityBytes?: number };
    readonly memory?: { readonly workingSetBytes?: number };
    readonly runtime?: { readonly imageFs?: { readonly capacityBytes?: number } };
  };
}

/** What kubelet knows of its node, where nothing may be left out. */
async function statistics(): Promise<Record<string, true>> {
  return await until('statistics', async () => {
    const answer = await fetch('http://127.0.0.1:10255/stats/summary');
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    const { fs, memory, runtime } = (JSON.parse(text) as Summary).node;
    const sizes = [fs?.capacityBytes, runtime?.imageFs?.capacityBytes, memory?.workingSetBytes];
    if (!sizes.every((size = 0) => size > 0)) throw new Error(`sizes are ${sizes.join()}`);
    return { node: true, images: true, memory: true };
  });
}

/** One thing each; the name is that of the pod, and of what was seen. */
const scenarios: Readonly<Record<string, (cluster: Cluster, name: string) => Promise<unknown>>> = {
  async plain(cluster, name) {
    await cluster.start(name, {}, {});
    const { status } = await cluster.pod(name, isRunning);
    return { phase: status?.phase, restarts: status?.containerStatuses?.[0]?.restartCount };
  },
  async limits(cluster, name) {
    const limits = { memory: '64Mi', cpu: '200m' };
    await cluster.start(name, {}, { resources: { limits } });
    const pod = await cluster.pod(name, isRunning);
    return { phase: pod.status?.phase, limits: limitOf(pod) };
  },
  async probe(cluster, name) {
    const readinessProbe = { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 };
    await cluster.start(
      name,
      {},
      { ...shell('touch /tmp/ready; exec sleep 36000'), readinessProbe },
    );
    return { ready: isReady(await cluster.pod(name, isReady)) };
  },
  async volumes(cluster, name) {
    await cluster.config(name, { word: 'from the configuration' });
    const volumes = [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
      { name: 'words', configMap: { name } },
      {
        name: 'about',
        downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] },
      },
    ];
    const volumeMounts = volumes.map((volume) => ({
      name: volume.name,
      mountPath: `/${volume.name}`,
    }));
    const script =
      'echo on disk >/disk/file && cat /disk/file && echo in memory >/memory/file && cat /memory/file && ' +
      'stat -f -c %T /memory && cat /words/word && echo && cat /about/name && echo && ' +
      'wc -c </var/run/secrets/kubernetes.io/serviceaccount/namespace';
    await cluster.start(
      name,
      { volumes, restartPolicy: 'Never' },
      { ...shell(script), volumeMounts },
    );
    const { status } = await cluster.pod(name, hasEnded);
    return { phase: status?.phase, said: (await cluster.log(name)).trim().split('\n') };
  },
  async status(cluster, name) {
    await cluster.start(name, { restartPolicy: 'Never' }, shell('echo to the log; exit 7'));
    const { status } = await cluster.pod(name, hasEnded);
    const ended = status?.containerStatuses?.[0]?.state?.terminated;
    return { phase: status?.phase, exitCode: ended?.exitCode, said: await cluster.log(name) };
  },
  async restart(cluster, name) {
    const volumes = [{ name: 'disk', emptyDir: {} }];
    const once = 'test -e /disk/again && exec sleep 36000; touch /disk/again; exit 1';
    const volumeMounts = [{ name: 'disk', mountPath: '/disk' }];
    await cluster.start(name, { volumes }, { ...shell(once), volumeMounts });
    const restarted = ({ status }: V1Pod): boolean =>
      status?.containerStatuses?.[0]?.restartCount === 1;
    const pod = await cluster.pod(name, (pod) => restarted(pod) && isReady(pod));
    return { restarts: pod.status?.containerStatuses?.[0]?.restartCount, ready: isReady(pod) };
  },
  async network(cluster, name) {
    const serve = `mkdir /www && echo from ${name} >/www/word && exec httpd -f -p 80 -h /www`;
    const readinessProbe = { httpGet: { path: '/word', port: 80 }, periodSeconds: 1 };
    await cluster.start(name, {}, { ...shell(serve), readinessProbe });
    const { status } = await cluster.pod(name, isReady);
    const caller = `${name}-caller`;
    const call = `ip -o -4 address show eth0 | grep -c inet; wget -q -O - http://${status?.podIP ?? ''}/word`;
    await cluster.start(caller, { restartPolicy: 'Never' }, shell(call));
    await cluster.pod(caller, hasEnded);
    return { ready: true, said: (await cluster.log(caller)).trim().split('\n') };
  },
  async deletion(cluster, name) {
    await cluster.start(name, {}, {});
    const pod = await cluster.pod(name, isRunning);
    const before = groupsOf(pod).length;
    await cluster.remove(name);
    const gone = await cluster.gone(name);
    // kubelet takes the groups away when it cleans up next.
    const groups = await until(`the groups of ${name} to go`, () =>
      Promise.resolve(groupsOf(pod).length === 0 ? { before: before > 0, after: 0 } : undefined),
    );
    return { gone, groups };
  },
};

/** The line as it is printed by `doctor`, as whoever reads it would run it. */
function advised(command: readonly string[]): string[] {
  const { stdout, stderr } = spawnSync(spoof, ['doctor', '--json', ...command], {
    encoding: 'utf8',
  });
  const report = JSON.parse(stdout) as { command?: { advised: string[] } };
  if (report.command === undefined) throw new Error(`doctor: ${stderr}`);
  return report.command.advised;
}

/** The supervisors that are there: one for each `exec` of which anything lives. */
function guardians(): number {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return names.filter((name) => {
    try {
      return /\(spoof-guardian\) [^ZX]/.test(readFileSync(`/proc/${name}/stat`, 'latin1'));
    } catch {
      return false; // It has just ended.
    }
  }).length;
}

/** After another start of k3s, below an `exec` of its own: pods of the first one, and a new one. */
async function afterwards(cluster: Cluster, name: string, kept: string): Promise<unknown> {
  const was = containerOf(await cluster.read(kept));
  await cluster.start(name, {}, {});
  await cluster.pod(name, isRunning);
  const pod = await cluster.pod(kept, isRunning);
  const both = guardians();
  const said = await cluster.run(kept, 'echo', 'still there');
  for (const each of await cluster.names()) if (each !== name) await cluster.remove(each);
  const left = await until('the first supervisor to end', () =>
    Promise.resolve(guardians() === 1 ? 1 : undefined),
  );
  const isSame = was !== undefined && was === containerOf(pod);
  const restarts = pod.status?.containerStatuses?.[0]?.restartCount;
  return { isSame, restarts, said, new: 'Running', supervisors: [both, left] };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function main(): Promise<void> {
  const line = advised([...k3s, `--write-kubeconfig=${kubeconfig}`]);
  tell(line.join(' '));
  const log = openSync(path.join(directory, 'k3s.log'), 'w');
  const start = (): ChildProcess =>
    spawn(spoof, ['exec', '--', ...line], { stdio: ['ignore', log, log] });
  const began = performance.now();
  let child = start();
  const seen: Record<string, unknown> = { line };
  try {
    const cluster = await until('kubeconfig', () => Promise.resolve(new Cluster()));
    seen['node'] = { ready: await until('node', () => cluster.isReady()) };
    seen['readyAfter'] = Math.round((performance.now() - began) / 1000);
    tell(`the node is Ready after ${String(seen['readyAfter'])} s`);
    seen['statistics'] = await statistics().catch(messageOf);
    for (const [name, scenario] of Object.entries(scenarios)) {
      seen[name] = await scenario(cluster, name).catch(messageOf);
      tell(`${name}: ${JSON.stringify(seen[name])}`);
    }
    seen['stays'] = { ready: await cluster.isReady() };
    seen['alive'] = child.exitCode === null && child.signalCode === null;
    // As systemd ends it with KillMode=process: what pods consist of stays.
    await stop(child);
    tell('k3s is started again');
    child = start();
    await until('API', () => cluster.names());
    seen['again'] = await afterwards(cluster, 'again', 'plain').catch(messageOf);
    tell(`again: ${JSON.stringify(seen['again'])}`);
  } catch (error) {
    seen['error'] = messageOf(error);
    tell(readFileSync(path.join(directory, 'k3s.log'), 'utf8').slice(-3000));
  } finally {
    await stop(child);
  }
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}

await main();
