// Are the statistics there that kubelet and cAdvisor owe? Both of their answers are understood.
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import type { Outcome } from './model.js';

const positive = z.number().positive();

/** kubelet: /stats/summary. */
const summary = z.object({
  node: z.object({
    cpu: z.object({ usageCoreNanoSeconds: z.number() }),
    memory: z.object({ workingSetBytes: z.number() }),
    fs: z.object({ capacityBytes: positive }),
  }),
});

/** cAdvisor: /api/v1.3/containers/, the container "/". */
const container = z.object({
  stats: z
    .array(
      z.object({
        cpu: z.object({ usage: z.object({ total: z.number() }) }),
        memory: z.object({ usage: z.number() }),
        filesystem: z.array(z.object({ device: z.string(), capacity: positive })).min(1),
      }),
    )
    .min(1),
});

const bytes = (count: number): string => `${(count / 2 ** 30).toFixed(1)} GiB`;

/** What an answer says; `ok` if what is owed is there. */
export function judgeStatistics(text: string): Outcome {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, detail: `no JSON: ${text.slice(0, 100)}` };
  }
  const kubelet = summary.safeParse(value);
  if (kubelet.success) {
    const { fs } = kubelet.data.node;
    return { ok: true, detail: `node filesystem of ${bytes(fs.capacityBytes)}` };
  }
  const cadvisor = container.safeParse(value);
  if (cadvisor.success) {
    const filesystems = cadvisor.data.stats.at(-1)?.filesystem ?? [];
    const sizes = filesystems.map(({ device, capacity }) => `${device} ${bytes(capacity)}`);
    return { ok: true, detail: sizes.join(', ') };
  }
  const isSummary = typeof value === 'object' && value !== null && 'node' in value;
  const [problem] = (isSummary ? kubelet : cadvisor).error.issues;
  return { ok: false, detail: `${problem?.path.join('.') ?? ''}: ${problem?.message ?? ''}` };
}

/** The body of the answer; certificates of this very machine need nobody's signature. */
async function get(address: string, timeout: number): Promise<string> {
  const url = new URL(address);
  const local = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeout);
    const take = (response: import('node:http').IncomingMessage): void => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`HTTP ${String(response.statusCode)}: ${body.slice(0, 100).trim()}`));
      }, reject);
    };
    const request =
      url.protocol === 'https:'
        ? overHttps(url, { signal, rejectUnauthorized: !local }, take)
        : overHttp(url, { signal }, take);
    request.on('error', reject);
    request.end();
  });
}

/** Asks an address; waits at most that many milliseconds. */
export async function askStatistics(address: string, timeout: number): Promise<Outcome> {
  try {
    return judgeStatistics(await get(address, timeout));
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
