import { z } from 'zod';
import { pushStates } from './push-state.ts';

/** At most this many reports travel in one request. */
export const REPORTS_PER_REQUEST = 200;

const name = z.string().min(1).max(255);
const serial = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const text = z.string().max(2_000);
const count = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);

/**
 * What a mirror says about one head, or a hub about one push to a downstream of its own
 * (`event: "push"`). Reports are delivered at least once, in the order of their ids; the master
 * takes each id once. Described in docs/formats.md, "Reports".
 */
export const report = z.strictObject({
  /** `INSTANCE:NUMBER`: a random name of the agent's state folder, and a number that only grows. */
  id: z.string().regex(/^[0-9a-f]{16}:[1-9][0-9]{0,14}$/),
  /** When it happened, by the agent's clock. */
  at: z.iso.datetime(),
  archive: name,
  epoch: serial,
  serial,
  event: z.enum(['accepted', 'refused', 'syncing', 'staged', 'committed', 'failed', 'push']),
  /** How the mirror heard of it. */
  via: z.enum(['push', 'poll', 'hint', 'manual']).optional(),
  /** Why, in one sentence: of a refusal, a failure, or a push that did not get through. */
  reason: text.optional(),
  /** What rsync said when it failed: its exit code and its last lines. */
  rsync: z
    .strictObject({ code: z.number().int().nullable(), lines: z.array(text).max(20) })
    .optional(),
  /** Of a failure: when the agent tries again; absent when it waits for a person. */
  retryAt: z.iso.datetime().optional(),
  /** Bytes received and seconds taken by the sync, for `staged` and `committed`. */
  bytes: count.optional(),
  seconds: count.optional(),
  /** Of a `push`: the downstream, the state it reached, and the attempts so far. */
  mirror: name.optional(),
  state: z.enum(pushStates).optional(),
  attempts: count.optional(),
});

export type Report = z.infer<typeof report>;

/** The body of `POST /v1/reports`, which an agent sends with its token. */
export const reportsRequest = z.strictObject({
  reports: z.array(report).max(REPORTS_PER_REQUEST),
});

/** Its answer: what the agent may forget, and the digest of its downstream list as it is now. */
export const reportsResponse = z.object({
  acknowledged: z.string().nullable(),
  downstreams: z.string(),
});
