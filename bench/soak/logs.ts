// Lines that must not be in a log: what kubelet and cAdvisor say where they fail on 9p, and more.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Match } from './model.js';

/** docs/cadvisor.md says what is behind each. */
export const knownPatterns: ReadonlyMap<string, RegExp> = new Map([
  // Of a pod that has just been deleted kubelet says "Partial failure": all others are reported.
  ['memory-cache', /^(?!.*Partial failure).*unable to find data in memory cache/],
  ['not-a-cgroup-file', /not a cgroup file/],
  ['rootfs-info', /failed to get rootfs info/],
  ['no-such-device', /cannot find filesystem info for device/],
  ['no-partition', /could not find device .* in cached partitions map/],
  ['no-cadvisor', /Failed to start cAdvisor/],
  ['no-container-manager', /Failed to start ContainerManager/],
  ['no-kubelet', /failed to run Kubelet/],
  ['panic', /^panic: |^fatal error: /],
]);

const MOST_LINES = 20;
const LONGEST_LINE = 400;

/** Counts matching lines, and keeps the first few. */
export class Patterns {
  readonly #patterns: ReadonlyMap<string, RegExp>;
  readonly #counts = new Map<string, number>();
  readonly matches: Match[] = [];

  constructor(patterns: ReadonlyMap<string, RegExp>) {
    this.#patterns = patterns;
  }

  look(line: string, at: number): void {
    for (const [name, expression] of this.#patterns) {
      if (!expression.test(line)) continue;
      const count = (this.#counts.get(name) ?? 0) + 1;
      this.#counts.set(name, count);
      if (count <= MOST_LINES) {
        this.matches.push({ pattern: name, at, line: line.slice(0, LONGEST_LINE) });
      }
    }
  }

  /** How many lines each pattern has matched; none that has matched nothing. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

/** Cuts what comes in pieces into lines. */
export class Lines {
  #rest = '';
  readonly #each: (line: string) => void;

  constructor(each: (line: string) => void) {
    this.#each = each;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    lines.forEach(this.#each);
  }

  end(): void {
    if (this.#rest !== '') this.#each(this.#rest);
    this.#rest = '';
  }
}

const PIECE = 1 << 16;

/** What is appended to a file from now on; from its begin if it comes later, or is a new one. */
export class Follower {
  readonly #path: string;
  readonly #lines: Lines;
  #inode: number | undefined;
  #offset = 0;

  constructor(path: string, each: (line: string) => void) {
    this.#path = path;
    this.#lines = new Lines(each);
    this.#read((size) => {
      this.#offset = size;
    });
  }

  poll(): void {
    this.#read((size, fd) => {
      const piece = Buffer.alloc(PIECE);
      while (this.#offset < size) {
        const got = readSync(fd, piece, 0, PIECE, this.#offset);
        if (got === 0) break;
        this.#offset += got;
        this.#lines.push(piece.toString('latin1', 0, got));
      }
    });
  }

  #read(use: (size: number, fd: number) => void): void {
    let fd: number;
    try {
      fd = openSync(this.#path, 'r');
    } catch {
      return; // not there yet, or not any more
    }
    try {
      const { size, ino } = fstatSync(fd);
      if (ino !== this.#inode || size < this.#offset) this.#offset = 0;
      this.#inode = ino;
      use(size, fd);
    } finally {
      closeSync(fd);
    }
  }
}
