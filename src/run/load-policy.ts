/** loadPolicy() as users of the library have it: with its options checked. */
import { checkOptions, FLAG, FSTYPE, PARAMETERS, POLICY, TEXT } from './options.js';
import { loadPolicy as load } from './policy.js';
import type { LoadedPolicy, PolicyOptions } from './policy.js';

/**
 * Loads and compiles a policy. Without any option it is the default one, 9p-as-ext4. Throws
 * PolicyError, whose message says where the fault is, UsageError for options that are none or have
 * a wrong value, InstallError if the package is not complete, NativeError if there is no memory.
 */
export async function loadPolicy(options: PolicyOptions = {}): Promise<LoadedPolicy> {
  checkOptions('loadPolicy', options, {
    policy: POLICY,
    fstype: FSTYPE,
    parameters: PARAMETERS,
    baseDirectory: TEXT,
    insecurePolicy: FLAG,
  });
  return load(options);
}
