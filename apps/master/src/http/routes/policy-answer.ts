import { z } from 'zod';
import { policySchema } from '../../rollout/policy.ts';
import { archiveSchema } from './schemas.ts';

/** An archive with its policy, and what that comes to. */
export const policyAnswer = z.object({
  archive: archiveSchema,
  policy: policySchema,
  /** What each wave takes with it: of the mirrors that there are now. */
  waves: z.array(z.object({ name: z.string(), mirrors: z.array(z.string()) })),
});
