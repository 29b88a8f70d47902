/**
 * Bundles: the supervisor's program with a compiled policy, and the texts that it says, behind it.
 * csrc/bundle/held.c reads what is written here.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import invariant from 'tiny-invariant';

import { FileError, InstallError, messageOf } from '../errors.js';
import { supervisorPath } from '../native/paths.js';
import type { Architecture } from '../native/paths.js';

/** What a bundle says, in the order of enum held_text; `%s` stands for a word of its line. */
const ORDER = [
  'version',
  'mechanism',
  'help',
  'policy',
  'chosen',
  'logged',
  'statistics',
  'fallback',
  'rule',
  'inline',
  'stays',
  'works',
  'fails',
  'needsValue',
  'takesNoValue',
  'emptyValue',
  'unknownOption',
  'unknownMechanism',
  'unknownLevel',
  'unknownInline',
  'exclude',
  'withoutLog',
  'noCommand',
  'logFault',
  'outputFault',
] as const;

export type BundleTexts = Readonly<Record<(typeof ORDER)[number], string>>;

/** struct bundle_mark, by which the program knows that it is a bundle. */
const MARK = Buffer.from('seccomp-spoof bundle at\0');
const MARK_FIELDS = {
  blobVersion: 24,
  textCount: 28,
  offset: 32,
  policyLength: 40,
  textLength: 48,
  digest: 56,
};

/** Where a blob has its version: struct blob_header. */
const BLOB_VERSION = 4;

/** Where an ELF file says what it is for, and what it says. */
const ELF_MACHINE = 18;
const MACHINES: Readonly<Record<Architecture, number>> = { x64: 62, arm64: 183 };

/** FNV-1a of 64 bits, as bytes_digest() has it: in two halves, for numbers are exact up to 2^53. */
function digestOf(bytes: Uint8Array): bigint {
  const half = 2 ** 32;
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0;
    const product = low * 0x1b3;
    high = (high * 0x1b3 + Math.floor(product / half) + low * 0x100) % half;
    low = product % half;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}

function supervisorFor(architecture: Architecture, blob: Buffer): Buffer {
  const path = supervisorPath(architecture);
  const program = readFileSync(path);
  const at = program.indexOf(MARK);
  const isOurs =
    program.readUInt16LE(ELF_MACHINE) === MACHINES[architecture] &&
    at > 0 &&
    program.indexOf(MARK, at + 1) < 0 &&
    program.readUInt32LE(at + MARK_FIELDS.blobVersion) === blob.readUInt32LE(BLOB_VERSION) &&
    program.readUInt32LE(at + MARK_FIELDS.textCount) === ORDER.length;
  if (isOurs) return program;
  throw new InstallError(
    path,
    `${path} is no supervisor of this version for ${architecture}; ` +
      'build or install the package again, so that all of its files are of one version',
  );
}

/** The bytes of a bundle: the same for the same policy and package. Throws InstallError. */
export function makeBundle(
  architecture: Architecture,
  blob: Uint8Array,
  texts: BundleTexts,
): Uint8Array {
  const policy = Buffer.from(blob);
  const program = supervisorFor(architecture, policy);
  const text = Buffer.concat(
    ORDER.map((name) => {
      invariant(!texts[name].includes('\0'), `a NUL in the text ${name}`);
      return Buffer.from(`${texts[name]}\0`);
    }),
  );
  const held = Buffer.concat([policy, text]);
  const at = program.indexOf(MARK);
  program.writeBigUInt64LE(BigInt(program.length), at + MARK_FIELDS.offset);
  program.writeBigUInt64LE(BigInt(policy.length), at + MARK_FIELDS.policyLength);
  program.writeBigUInt64LE(BigInt(text.length), at + MARK_FIELDS.textLength);
  program.writeBigUInt64LE(digestOf(held), at + MARK_FIELDS.digest);
  return Buffer.concat([program, held]);
}

const ADVICE = 'name a file that can be written';

/** In the place of an old file, never into it: it may be running, or a link to something else. */
function replace(path: string, bytes: Uint8Array): void {
  const made = `${dirname(path)}/.bundle-${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(made, bytes, { flag: 'wx', mode: 0o700 });
    chmodSync(made, 0o755);
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/**
 * Writes an executable file (0755), whole or not at all; `name` is how the user called it. Throws
 * FileError, also for what is there and no ordinary file.
 */
export function writeProgram(path: string, name: string, bytes: Uint8Array): void {
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined || there.isFile()) {
      replace(path, bytes);
      return;
    }
  } catch (error) {
    throw new FileError(path, `cannot write ${name}: ${messageOf(error)}; ${ADVICE}`, {
      cause: error,
    });
  }
  throw new FileError(
    path,
    `cannot write ${name}: it is there already, and no ordinary file; ` +
      'name a new one, or one that may be replaced',
  );
}
