/**
 * The library: wrapped commands as child processes. Importing it loads no native code; the first
 * call that needs it does, and throws InstallError if it is missing. docs/library.md has examples.
 */
import './native/needs-node.js';

export { spawn } from './run/spawn.js';
export type { SpawnOptions, SpoofedProcess } from './run/spawn.js';
export { loadPolicy } from './run/load-policy.js';
export type { LoadedPolicy, PolicyOptions, PolicySource } from './run/policy.js';
export { choosePolicy } from './programs/defaults.js';
export type { Choice, Environment } from './programs/defaults.js';
export { probe } from './run/probe.js';
export type { ProbeFeature, ProbeReport } from './run/probe.js';
export type { Statistics } from './run/statistics.js';
export type { LogLevel, Mechanism } from './run/start.js';
export type { Counters, Fallback, RuleHits } from './native/statistics.js';
export {
  FileError,
  InstallError,
  NativeError,
  SpoofError,
  SupervisorError,
  UsageError,
} from './errors.js';
export { PolicyError } from './policy/index.js';
export type { NormalisedPolicy, Problem } from './policy/index.js';
