/** The section `parameters`. */
import * as z from 'zod';

import { PARAMETER_NAME, parseDirectory } from '../parameters.js';
import { text } from './values.js';

const parameter = z
  .strictObject({
    default: text('an absolute path', parseDirectory, {
      description:
        'The directory that is meant if no other is given. Without it one has to be given.',
      type: 'string',
      pattern: '^/',
    }).optional(),
    description: z.string().optional().meta({ description: 'What it is: one line.' }),
  })
  .meta({
    description: 'A directory; paths name it as ${name}, those above it as ${name.parents}.',
  });

/** Directories that a policy is told when it is used, by their names. */
export const parameters = z
  .record(z.string(), parameter)
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (PARAMETER_NAME.test(name)) continue;
      const message = `${JSON.stringify(name)} is not the name of a parameter`;
      const params = { suggestion: 'write 1 to 32 small letters, digits and underscores' };
      context.addIssue({ code: 'custom', message, path: [name], params });
    }
  })
  .meta({
    description: 'Directories that are told when the policy is used (--set NAME=DIRECTORY).',
    propertyNames: { pattern: PARAMETER_NAME.source },
  });
