/** `--fstype A=B`: the rule that needs no file. Needs neither yaml nor zod. */
import { UsageError } from '../errors.js';
import { hexOf, parseFilesystem } from './filesystems.js';
import { override } from './merge.js';
import { EMPTY_POLICY, type NormalisedPolicy, type StatfsRule } from './normalised.js';

const OPTION = '--fstype';

function sideOf(argument: string, side: string): number {
  const parsed = parseFilesystem(side);
  if (parsed.ok) return parsed.value;
  const advice = parsed.suggestion === undefined ? '' : `; ${parsed.suggestion}`;
  throw new UsageError(`${OPTION} ${argument}: ${parsed.message}${advice}`);
}

function readFstype(argument: string): StatfsRule {
  const parts = argument.split('=');
  const [from = '', to = ''] = parts;
  if (parts.length !== 2 || from === '' || to === '') {
    const known = /^([A-Za-z0-9_.-]+)[:,>/-]+([A-Za-z0-9_.-]+)$/.exec(argument);
    const example =
      parts.length === 1 && known !== null ? `${known[1] ?? ''}=${known[2] ?? ''}` : '9p=ext4';
    const shown = argument === '' ? '""' : argument;
    throw new UsageError(
      `${OPTION} ${shown}: expected REAL=TOLD, two filesystems; write ${OPTION} ${example}`,
    );
  }
  const real = sideOf(argument, from);
  const told = sideOf(argument, to);
  if (real === told) {
    throw new UsageError(
      `${OPTION} ${argument}: statfs cannot tell ${from} from ${to}, both are ${hexOf(real)}; ` +
        'write two different filesystems',
    );
  }
  return {
    id: `${OPTION} ${argument}`,
    origin: `${OPTION} ${argument}`,
    when: { types: [real], paths: [] },
    except: { types: [], paths: [] },
    answer: { type: BigInt(told) },
  };
}

/**
 * The rules of all `--fstype` options; of two for the same filesystem the later one counts. Throws
 * UsageError with what to write.
 */
export function fstypePolicy(options: readonly string[]): NormalisedPolicy {
  return options
    .map((argument): NormalisedPolicy => ({ statfs: [readFstype(argument)] }))
    .reduce(override, EMPTY_POLICY);
}
