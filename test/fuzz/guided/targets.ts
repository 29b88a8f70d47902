// The guided fuzzers (libFuzzer): builds them, and runs one for so many executions or seconds. A target
// is a C file beside this one; what each is fed first lies in corpus/TARGET.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = join('test', 'fuzz', 'guided');
export const corpora = join(here, 'corpus');

/** Bytes of the longest input that makes sense. */
export const TARGETS = {
  blob: 2048,
  rules: 512,
  table: 512,
  rewrite: 256,
  record: 256,
  bundle: 512,
  tracee: 1024,
  messages: 128,
} as const;
export type Target = keyof typeof TARGETS;

/** For `skip`: what is missing, or false. */
export function missing(): string | false {
  const { stdout } = spawnSync('clang', ['--print-runtime-dir'], { encoding: 'utf8' });
  if (typeof stdout !== 'string') return 'clang is missing (Debian: clang)';
  const runtime = stdout.trim();
  const found = existsSync(runtime) && readdirSync(runtime).some((name) => name.includes('fuzzer'));
  return found ? false : 'the runtime of libFuzzer is missing (Debian: libclang-rt-dev)';
}

/** Into `build`, which another run must not use. Throws with what the compiler said. */
export function make(build: string, names: readonly string[]): void {
  const words = ['-s', '-j2', '-C', here, `BUILD=${build}`, ...names.map((n) => join(build, n))];
  const { status, stderr } = spawnSync('make', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`make: ${stderr}`);
}

export interface Campaign {
  readonly program: string;
  readonly longest: number;
  /** Inputs to begin with; none of these directories is written to. */
  readonly corpus: readonly string[];
  /** Where inputs that reach something new are kept; a temporary one if nothing is said. */
  readonly keep?: string | undefined;
  readonly runs?: number | undefined;
  readonly seconds?: number | undefined;
  /** None: another one each time. */
  readonly seed?: number | undefined;
}

export interface Outcome {
  readonly executions: number;
  readonly perSecond: number;
  /** Branches that were reached, and those with their counts. */
  readonly edges: number;
  readonly features: number;
  /** The input that ended it, as hexadecimal digits, and what was said. */
  readonly found: { readonly hex: string; readonly said: string } | undefined;
}

const UNITS_MS = 1000;
/** Seconds after which one input hangs; none needs more than some milliseconds by itself. */
const HANG = 600;

function ended(program: string, words: readonly string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      ASAN_OPTIONS: 'quarantine_size_mb=16:abort_on_error=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    };
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env });
    let said = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      said = (said + text).slice(-65536);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code: code ?? 1, said });
    });
  });
}

/** The last number that follows these words. */
function numberBehind(said: string, words: RegExp): number {
  return Number([...said.matchAll(words)].at(-1)?.[1] ?? 0);
}

export async function fuzz(campaign: Campaign): Promise<Outcome> {
  const { program, longest, corpus, keep, runs, seconds, seed } = campaign;
  const scratch = mkdtempSync(join(tmpdir(), 'guided-'));
  const kept = keep ?? join(scratch, 'corpus');
  mkdirSync(kept, { recursive: true });
  try {
    const began = Date.now();
    const { code, said } = await ended(program, [
      ...(runs === undefined ? [] : [`-runs=${runs}`]),
      ...(seconds === undefined ? [] : [`-max_total_time=${seconds}`]),
      ...(seed === undefined ? [] : [`-seed=${seed}`]),
      ...[`-max_len=${longest}`, `-timeout=${HANG}`, '-rss_limit_mb=4096'],
      ...['-print_final_stats=1', `-artifact_prefix=${scratch}/found-`],
      ...[kept, ...corpus.filter((directory) => existsSync(directory))],
    ]);
    const executions = numberBehind(said, /stat::number_of_executed_units: +([0-9]+)/g);
    const [file] = readdirSync(scratch).filter((name) => name.startsWith('found-'));
    const input = file === undefined ? undefined : readFileSync(join(scratch, file));
    return {
      executions,
      perSecond: Math.round((executions * UNITS_MS) / Math.max(Date.now() - began, 1)),
      edges: numberBehind(said, / cov: ([0-9]+)/g),
      features: numberBehind(said, / ft: ([0-9]+)/g),
      found: code === 0 ? undefined : { hex: input?.toString('hex') ?? '', said },
    };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/**
 * Of `from` and what is in the corpus already, as few inputs as reach all branches become the corpus;
 * inputs that once were faults stay.
 */
export async function minimize(target: Target, program: string, from: string): Promise<void> {
  const corpus = join(corpora, target);
  const merged = mkdtempSync(join(tmpdir(), 'guided-'));
  try {
    const { code, said } = await ended(program, [
      ...['-set_cover_merge=1', '-use_counters=0', `-max_len=${TARGETS[target]}`],
      ...[merged, corpus, from].filter((directory) => existsSync(directory)),
    ]);
    if (code !== 0) throw new Error(said);
    mkdirSync(corpus, { recursive: true });
    const dropped = readdirSync(corpus).filter((name) => !name.startsWith('found-'));
    for (const name of dropped) rmSync(join(corpus, name));
    await cp(merged, corpus, { recursive: true });
  } finally {
    rmSync(merged, { recursive: true });
  }
}
