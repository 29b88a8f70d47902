// What the Kubernetes API says of a node, of a pod that is to run on it, and of pods that come, are restarted
// and go.
import { setTimeout } from 'node:timers/promises';
import { ApiException, CoreV1Api, KubeConfig, V1Pod } from '@kubernetes/client-node';
import type { V1Node } from '@kubernetes/client-node';
import type { Outcome } from './model.js';

const failed = (error: unknown): Outcome => ({
  ok: false,
  // The client puts the whole answer behind the first line.
  detail: (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '',
});

/** Gives up after that many milliseconds: the client itself waits for ever. */
async function within<T>(milliseconds: number, asked: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const late = setTimeout(milliseconds, undefined, answered).then(() => {
    throw new Error(`no answer within ${milliseconds} ms`);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    answered.abort();
  }
}

function readiness({ status }: V1Node): Outcome {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  if (condition?.status === 'True') return { ok: true, detail: 'Ready' };
  return { ok: false, detail: condition?.message ?? 'it says nothing about being ready' };
}

const restartsOf = ({ status }: V1Pod): number =>
  (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);

/** It runs: to be placed somewhere is not enough. */
function running(pod: V1Pod): Outcome {
  const { spec, status } = pod;
  const phase = status?.phase ?? 'unknown';
  const containers = status?.containerStatuses ?? [];
  const restarts = restartsOf(pod);
  if (phase === 'Running' && containers.length > 0 && containers.every(({ ready }) => ready)) {
    const often = restarts > 0 ? `, restarted ${restarts} times` : '';
    return { ok: true, detail: `Running on ${spec?.nodeName ?? 'a node'}${often}` };
  }
  const waiting = containers.find(({ state }) => state?.waiting)?.state?.waiting;
  const condition = status?.conditions?.find(({ status }) => status !== 'True');
  const why = [waiting?.reason, waiting?.message ?? condition?.message].filter(Boolean).join(': ');
  return { ok: false, detail: why === '' ? phase : `${phase}: ${why}` };
}

const MISSING = 404;
const CONFLICT = 409;
const is = (code: number, error: unknown): boolean =>
  error instanceof ApiException && error.code === code;

/** Nobody listens there: kubelet takes the container for dead, and starts it again, whatever its image is. */
const neverLive = {
  livenessProbe: {
    tcpSocket: { port: 1 },
    ...{ initialDelaySeconds: 20, periodSeconds: 5, failureThreshold: 1 },
  },
};

/** How long a pod may take to run, to be restarted, or to go, on a machine with other things to do. */
const LONGEST_STEP_MS = 5 * 60_000;

type Step = 'comes' | 'is restarted' | 'goes';

export class Cluster {
  readonly #file: string;
  readonly #node: string | undefined;
  readonly #image: string | undefined;
  readonly #namespace = 'default';
  #api: CoreV1Api | undefined;
  /** Those that were made and are not known to be gone. */
  readonly #made = new Set<string>();
  /** The pod that comes, is restarted or goes now: how many there were before it, and since when it does what. */
  #visits = 0;
  #visitor: { readonly step: Step; readonly since: number } | undefined;

  /** The file of `kubeconfig` may come into being later: k3s writes it when it starts. */
  constructor(kubeconfig: string, node: string | undefined, image: string | undefined) {
    this.#file = kubeconfig;
    this.#node = node;
    this.#image = image;
  }

  #client(): CoreV1Api {
    if (this.#api === undefined) {
      const config = new KubeConfig();
      config.loadFromFile(this.#file);
      this.#api = config.makeApiClient(CoreV1Api);
    }
    return this.#api;
  }

  async askNode(timeout: number): Promise<Outcome> {
    try {
      const { items } = await within(timeout, this.#client().listNode());
      const named = items.filter(
        ({ metadata }) => this.#node === undefined || metadata?.name === this.#node,
      );
      const [node, ...others] = named;
      if (node === undefined) return { ok: false, detail: 'there is no such node' };
      if (others.length > 0) return { ok: false, detail: 'there are several nodes: use --node' };
      return readiness(node);
    } catch (error) {
      return failed(error);
    }
  }

  async #make(name: string, timeout: number, more: object = {}): Promise<void> {
    // An image that lies there already is not asked for anywhere.
    const common = { name: 'soak', image: this.#image ?? '', imagePullPolicy: 'IfNotPresent' };
    const container = { ...common, ...more };
    const body = Object.assign(new V1Pod(), {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name } },
      spec: { containers: [container], terminationGracePeriodSeconds: 1 },
    });
    const namespace = this.#namespace;
    try {
      await within(timeout, this.#client().createNamespacedPod({ namespace, body }));
    } catch (error) {
      // Made by a call that nobody answered in time.
      if (!is(CONFLICT, error)) throw error;
    }
    this.#made.add(name);
  }

  #read(name: string, timeout: number): Promise<V1Pod> {
    const namespace = this.#namespace;
    return within(timeout, this.#client().readNamespacedPod({ name, namespace }));
  }

  async #remove(name: string, timeout: number): Promise<void> {
    const namespace = this.#namespace;
    await within(timeout, this.#client().deleteNamespacedPod({ name, namespace }));
  }

  /** The pod that stays: made if there is none yet. */
  async askPod(timeout: number): Promise<Outcome> {
    const name = `seccomp-spoof-soak-${process.pid}`;
    try {
      if (!this.#made.has(name)) await this.#make(name, timeout);
      return running(await this.#read(name, timeout));
    } catch (error) {
      return failed(error);
    }
  }

  /** Pods that come, run, are restarted and deleted, one after the other: one step at each look. */
  async askVisitor(timeout: number): Promise<Outcome> {
    const name = `seccomp-spoof-soak-${process.pid}-${this.#visits + 1}`;
    try {
      await this.#visit(name, timeout);
      const before = `${this.#visits} came, were restarted and went`;
      const count = this.#visits;
      if (this.#visitor === undefined) return { ok: true, detail: before, count };
      const { step, since } = this.#visitor;
      const stuck = performance.now() - since > LONGEST_STEP_MS;
      const how = stuck ? ` since ${Math.round((performance.now() - since) / 1000)} s` : '';
      return { ok: !stuck, detail: `${before}, one more ${step}${how}`, count };
    } catch (error) {
      return failed(error);
    }
  }

  #turnTo(step: Step): void {
    this.#visitor = { step, since: performance.now() };
  }

  async #visit(name: string, timeout: number): Promise<void> {
    const step = this.#visitor?.step;
    if (step === undefined) {
      await this.#make(name, timeout, neverLive);
      this.#turnTo('comes');
    } else if (step !== 'goes') {
      const pod = await this.#read(name, timeout);
      if (!running(pod).ok) return;
      if (step === 'comes') this.#turnTo('is restarted');
      if (restartsOf(pod) === 0) return;
      await this.#remove(name, timeout);
      this.#turnTo('goes');
    } else {
      try {
        await this.#read(name, timeout);
      } catch (error) {
        if (!is(MISSING, error)) throw error;
        this.#made.delete(name);
        this.#visits++;
        this.#visitor = undefined;
      }
    }
  }

  /** Takes away what there is of its pods, if it can. */
  async release(timeout: number): Promise<void> {
    await Promise.all([...this.#made].map((name) => this.#remove(name, timeout).catch(failed)));
  }
}
