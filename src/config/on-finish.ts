// What is done when a job has ended: `[on_finish]`.
import { z } from 'zod';

export const ON_FINISH = z.strictObject({
  command: z
    .array(z.string().regex(/^[^\0]*$/, 'holds a NUL byte'), 'must be a list of words: ["program", "argument"]')
    .refine(([program]) => Boolean(program?.trim()), 'must begin with a program')
    .refine(
      ([program = '']) => /^(\/.+|[^/]+)$/.test(program),
      'must begin with an absolute path, or a name to look for on PATH',
    )
    .optional()
    .describe('A program and its arguments. It gets the job as JSON on stdin. No shell reads it.'),
  timeoutSec: z.coerce
    .number()
    .int()
    .min(1)
    .max(3600)
    .default(30)
    .describe('Seconds after which the program is ended, with all that it has started.'),
  notify: z.boolean().default(false).describe('Also show a notification of the desktop.'),
});
export type OnFinish = z.infer<typeof ON_FINISH>;
