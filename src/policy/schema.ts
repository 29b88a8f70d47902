/**
 * The shape of a policy file: checked with zod, published as JSON Schema for editors. Descriptions
 * become hover text there. Each section has a file below schema/.
 */
import * as z from 'zod';

import { ANSWER_FIELDS } from './normalised.js';
import { name, references, removals } from './schema/common.js';
import { fileRule } from './schema/files.js';
import { mountsRule } from './schema/mounts.js';
import { parameters } from './schema/parameters.js';
import { statfsRule } from './schema/statfs.js';
import { sysinfo } from './schema/sysinfo.js';
import { uname } from './schema/uname.js';

export const API_VERSION = 'seccomp-spoof/v1';

/** One policy file. */
export const policySchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of this format.' }),
    name,
    description: z.string().optional().meta({ description: 'What the policy is for: one line.' }),
    extends: references.optional(),
    remove: removals.optional(),
    parameters: parameters.optional(),
    statfs: z
      .array(statfsRule)
      .optional()
      .meta({ description: 'What statfs(2) and fstatfs(2) answer.' }),
    mounts: z.array(mountsRule).optional().meta({ description: 'What the mount tables say.' }),
    files: z
      .array(fileRule)
      .optional()
      .meta({ description: 'What is found at a path: another file, other content.' }),
    uname: uname.optional(),
    sysinfo: sysinfo.optional(),
  })
  .meta({ title: 'seccomp-spoof policy' });

/** A policy file that has passed the schema; types are magic numbers, globs are expanded. */
export type PolicyDocument = z.output<typeof policySchema>;

/** The map or list below a key or index of a schema; undefined if that has none. */
function schemaBelow(schema: unknown, step: PropertyKey): unknown {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (inner instanceof z.ZodArray) return inner.element;
  if (inner instanceof z.ZodRecord) return inner.valueType;
  return inner instanceof z.ZodObject ? Reflect.get(inner.shape, step) : undefined;
}

/** Keys that are allowed in the map at this place, for suggestions. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const found = path.reduce<unknown>(schemaBelow, policySchema);
  const map = found instanceof z.ZodOptional ? found.unwrap() : found;
  return map instanceof z.ZodObject ? Object.keys(map.shape) : [];
}

/** Keys whose plain numbers are taken as they are spelt: YAML would lose 0x and digits. */
export const SPELT_KEYS: ReadonlySet<string> = new Set([...ANSWER_FIELDS, 'fstype', 'filesystem']);

/** The JSON Schema of a policy file, for editors. */
export function policyJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(policySchema, { io: 'input', unrepresentable: 'any' });
}
