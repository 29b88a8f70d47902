// What the Kubernetes API says of a node, and of a pod that is to be scheduled on it.
import { setTimeout } from 'node:timers/promises';
import { CoreV1Api, KubeConfig, V1Pod } from '@kubernetes/client-node';
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

/** Ready, but not placed: this is what a scheduler does, whether images can be had or not. */
function placement({ spec, status }: V1Pod): Outcome {
  const phase = status?.phase ?? 'unknown';
  if (spec?.nodeName !== undefined) {
    return { ok: true, detail: `on ${spec.nodeName}, ${phase}` };
  }
  const why = status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
  return { ok: false, detail: why ?? phase };
}

export class Cluster {
  readonly #file: string;
  readonly #node: string | undefined;
  readonly #image: string | undefined;
  readonly #pod = `seccomp-spoof-soak-${process.pid}`;
  readonly #namespace = 'default';
  #api: CoreV1Api | undefined;
  #made = false;

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

  /** Makes the pod if there is none yet, and says where it is. */
  async askPod(timeout: number): Promise<Outcome> {
    const [name, namespace] = [this.#pod, this.#namespace];
    try {
      if (!this.#made) {
        const container = { name: 'soak', image: this.#image ?? '' };
        const body = Object.assign(new V1Pod(), {
          ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name } },
          spec: { containers: [container], terminationGracePeriodSeconds: 0 },
        });
        await within(timeout, this.#client().createNamespacedPod({ namespace, body }));
        this.#made = true;
      }
      return placement(
        await within(timeout, this.#client().readNamespacedPod({ name, namespace })),
      );
    } catch (error) {
      return failed(error);
    }
  }

  /** Takes the pod away again, if it can. */
  async release(timeout: number): Promise<void> {
    if (!this.#made) return;
    const [name, namespace] = [this.#pod, this.#namespace];
    await within(timeout, this.#client().deleteNamespacedPod({ name, namespace })).catch(failed);
  }
}
