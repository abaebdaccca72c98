import { z } from 'zod';

/** How a stock ftpsync mirror is pushed; what is left out is as it was, or the default. */
export const stockChange = z.strictObject({
  /** The words of runmirrors. */
  push: z.enum(['all', 'staged', 'mhop']).optional(),
  callback: z.boolean().optional(),
  /** Its MIRRORNAME, after which its trace file is called. */
  trace: z.string().min(1).max(255).optional(),
  /** Its own runmirrors pushes the mirrors below it. */
  runmirrors: z.boolean().optional(),
  /** Its own names of archives; "" is its main one, that of ftpsync.conf. */
  names: z
    .record(z.string().max(64), z.string().max(64))
    .refine((names) => Object.keys(names).length <= 1000, { error: 'expected at most 1000 names' })
    .optional(),
});

/** As it is. */
export const stockSchema = z.object({
  push: z.enum(['all', 'staged', 'mhop']),
  callback: z.boolean(),
  trace: z.string(),
  runmirrors: z.boolean(),
  names: z.record(z.string(), z.string()),
});
