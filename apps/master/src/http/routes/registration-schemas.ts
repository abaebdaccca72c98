import { z } from 'zod';
import { findingsSchema } from '../../registry/findings.ts';

/** What anybody may know before they register. */
export const networkSchema = z.object({
  network: z.string(),
  policy: z.enum(['invite', 'proof', 'review']),
  /** The public key that the master comes with: its proof of the SSH endpoint, and its pushes. */
  pushKey: z.string(),
  archives: z.array(z.object({ name: z.string(), profile: z.string(), bytes: z.number() })),
});

/** All that a new mirror's agent is set up with. */
export const setUpSchema = z.object({
  network: z.string(),
  name: z.string(),
  url: z.string(),
  allowedSigners: z.string(),
  /** Where it pulls from and who may push it, its upstream first, the master last. */
  sources: z.array(
    z.object({ name: z.string(), pushKey: z.string().nullable(), rsyncUrl: z.string() }),
  ),
  archives: z.array(z.object({ name: z.string(), profile: z.string() })),
});

export const registrationSchema = z.object({
  id: z.string(),
  mirror: z.string(),
  state: z.enum(['proving', 'review', 'approved', 'refused', 'expired']),
  renewal: z.boolean(),
  challenge: z.object({ path: z.string(), text: z.string() }),
  missing: z.array(z.string()),
  advised: z.array(z.string()),
  findings: findingsSchema.nullable(),
  createdAt: z.string(),
  checkedAt: z.string().nullable(),
  decidedAt: z.string().nullable(),
  reason: z.string().nullable(),
});

/** For administrators: also what was asked for, and from where. */
export const reviewSchema = registrationSchema.extend({
  origin: z.string(),
  invite: z.string().nullable(),
  decidedBy: z.string().nullable(),
  /** Other mirrors whose SSH endpoint shows the same host key. */
  sameHostKeyAs: z.array(z.string()),
  request: z.record(z.string(), z.unknown()),
});

export const inviteSchema = z.object({
  id: z.string(),
  label: z.string(),
  mirror: z.string().nullable(),
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.string(),
  usedAt: z.string().nullable(),
  usedFor: z.string().nullable(),
  revokedAt: z.string().nullable(),
});
