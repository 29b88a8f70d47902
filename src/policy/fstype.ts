/** `--fstype A=B`: the rules that need no file. Needs neither yaml nor zod. */
import { UsageError } from '../errors.js';
import { hexOf, parseFilesystem } from './filesystems.js';
import { override } from './merge.js';
import { EMPTY_POLICY, type MountsRule, type NormalisedPolicy } from './normalised.js';
import { columnNames, POLLING_PROGRAMS } from './tables.js';

const OPTION = '--fstype';

function sideOf(argument: string, side: string): number {
  const parsed = parseFilesystem(side);
  if (parsed.ok) return parsed.value;
  const advice = parsed.suggestion === undefined ? '' : `; ${parsed.suggestion}`;
  throw new UsageError(`${OPTION} ${argument}: ${parsed.message}${advice}`);
}

/** What mount tables shall say: as it was written if that is a name in tables (ext3), else the usual. */
function toldColumn(to: string, told: number): string | undefined {
  const names = columnNames(told);
  return names.includes(to) ? to : names[0];
}

/** The same for mount tables, by every name that they have for the real type; none without names. */
function mountsRules(argument: string, real: number, told: string | undefined): MountsRule[] {
  const fstypes = columnNames(real);
  if (fstypes.length === 0 || told === undefined) return [];
  return [
    {
      id: `${OPTION} ${argument} (mounts)`,
      origin: `${OPTION} ${argument}`,
      when: { fstypes, paths: [] },
      except: { fstypes: [], paths: [], programs: POLLING_PROGRAMS },
      answer: { fstype: told },
    },
  ];
}

function readFstype(argument: string): NormalisedPolicy {
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
  const name = `${OPTION} ${argument}`;
  return {
    ...EMPTY_POLICY,
    statfs: [
      {
        id: name,
        origin: name,
        when: { types: [real], paths: [] },
        except: { types: [], paths: [] },
        answer: { type: BigInt(told) },
      },
    ],
    mounts: mountsRules(argument, real, toldColumn(to, told)),
  };
}

/**
 * The rules of all `--fstype` options; of two for the same filesystem the later one counts. Throws
 * UsageError with what to write.
 */
export function fstypePolicy(options: readonly string[]): NormalisedPolicy {
  return options.map(readFstype).reduce(override, EMPTY_POLICY);
}
