import { z } from 'zod';

/** How many entries one answer holds at most. */
export const AUDIT_PAGE = 1000;

/** An entry with all that its digest is over, exactly as it is kept. */
export const auditEntrySchema = z.object({
  sequence: z.number(),
  at: z.string(),
  actor: z.string(),
  origin: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.string(),
  digest: z.string().nullable(),
});
