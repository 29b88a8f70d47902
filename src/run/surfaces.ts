/**
 * What every surface of the kernel says about paths: `supervisor surfaces`, run as it is and below
 * the real mechanism (docs/architecture.md describes its output).
 */
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';

import * as z from 'zod';

import { messageOf, SupervisorError } from '../errors.js';
import { memfd } from '../native/handover.js';
import type { Fallback } from '../native/statistics.js';
import { newSegment } from '../native/statistics.js';
import { supervisorPath } from '../native/paths.js';
import { startArguments, SUPERVISOR_NAME } from './start.js';
import type { Mechanism } from './start.js';
import { readStatistics } from './statistics.js';
import { understood } from './understood.js';

/** Asking that takes longer hangs, most likely on a filesystem that does not answer. */
const TIME_LIMIT_MS = 120_000;

/** The supervisor writes bytes as the characters of Latin-1: a table need not be UTF-8. */
const bytes = z.string().transform((text) => Buffer.from(text, 'latin1').toString());

const failed = z.object({ error: z.int().positive() });
const typeAnswer = z.union([z.object({ type: z.int().nonnegative() }), failed]);
const mountAnswer = z.union([z.object({ type: z.int().nonnegative(), fstype: bytes }), failed]);
const tableAnswer = z.union([z.object({ text: bytes }), failed]);

const pathSchema = z.object({
  path: bytes,
  resolved: bytes.nullable(),
  device: z.string().nullable(),
  mount: z.number().nullable(),
  statfs: typeAnswer,
  fstatfs: typeAnswer,
  statmount: mountAnswer,
});

const surfacesSchema = z.object({
  paths: z.array(pathSchema),
  tables: z.object({
    '/proc/self/mountinfo': tableAnswer,
    '/proc/self/mounts': tableAnswer,
    '/etc/mtab': tableAnswer,
    '/proc/self/mountstats': tableAnswer,
    '/proc/filesystems': tableAnswer,
  }),
});

/** What one run was told; errors are positive error numbers. */
export type Surfaces = z.output<typeof surfacesSchema>;
export type PathSurfaces = Surfaces['paths'][number];
/** The files that tell of mounts and filesystems. */
export type TablePath = keyof Surfaces['tables'];

/** What they say below a mechanism. */
export interface SurfacesBelow {
  readonly surfaces: Surfaces;
  /** The mechanism that was taken, and why; null: the policy needs none. */
  readonly mechanism: { readonly name: string; readonly why: string } | null;
  /** Why calls were let run that could not be answered exactly. */
  readonly fallbacks: readonly Fallback[];
}

function parseSurfaces(text: string): Surfaces {
  return understood('surfaces', text, (value) => surfacesSchema.safeParse(value).data);
}

async function run(words: readonly string[], descriptors: readonly number[]) {
  const supervisor = supervisorPath();
  const said = { stdout: '', stderr: '' };
  return new Promise<typeof said>((resolve, reject) => {
    const child = spawn(supervisor, words, {
      argv0: SUPERVISOR_NAME,
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
    }
    child.on('error', (error) => {
      const text = `cannot run ${supervisor}: ${messageOf(error)}; install the package again`;
      reject(new SupervisorError(text, { cause: error }));
    });
    child.on('close', (status, signal) => {
      if (status === 0) {
        resolve(said);
        return;
      }
      const last = said.stderr.trimEnd().split('\n').at(-1) ?? '';
      const why = last.replace(/^seccomp-spoof: /, '');
      const text =
        signal === 'SIGKILL'
          ? `asking the surfaces did not end within ${TIME_LIMIT_MS / 1000} seconds, or was killed; ` +
            'a filesystem that does not answer? Name other paths'
          : `asking the surfaces failed: ${why === '' ? (signal ?? `status ${String(status)}`) : why}`;
      reject(new SupervisorError(text));
    });
  });
}

/**
 * What the kernel itself says. Throws InstallError, or SupervisorError if the supervisor fails or
 * does not end.
 */
export async function askSurfaces(paths: readonly string[]): Promise<Surfaces> {
  return parseSurfaces((await run(['surfaces', ...paths], [])).stdout);
}

/** The line of `start --verbose` that names the mechanism that was taken. */
function mechanismIn(stderr: string): SurfacesBelow['mechanism'] {
  const [, name, why] = /^seccomp-spoof: mechanism (\w+): (.*)$/m.exec(stderr) ?? [];
  return name === undefined || why === undefined ? null : { name, why };
}

/**
 * What a program below the mechanism is told under the policy `blob`. Throws InstallError,
 * NativeError, or SupervisorError (also where the mechanism does not work here).
 */
export async function askSurfacesBelow(
  paths: readonly string[],
  blob: Uint8Array,
  mechanism: Mechanism,
): Promise<SurfacesBelow> {
  const descriptors = [memfd('seccomp-spoof-policy', blob, true), newSegment()];
  const [policy, segment] = descriptors.map((_, index) => 3 + index);
  try {
    const words = startArguments({ policy: policy ?? -1, segment, mechanism, verbose: true });
    const said = await run([...words, '--', supervisorPath(), 'surfaces', ...paths], descriptors);
    return {
      surfaces: parseSurfaces(said.stdout),
      mechanism: mechanismIn(said.stderr),
      fallbacks: readStatistics(descriptors[1] ?? -1, blob).fallbackReasons,
    };
  } finally {
    for (const fd of descriptors) closeSync(fd);
  }
}
