import { z } from 'zod';
import type { Look } from './look.ts';

/** What a vantage point is asked to look at, and what it hands in (docs/formats.md, "Vantage points"). */

const name = z.string().min(1).max(253);
const url = z.string().max(2_000);
const time = z.iso.datetime();
const words = z.string().max(2_000);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const family = z.union([z.literal(4), z.literal(6)]).nullable();
const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const protocol = z.enum(['http', 'https', 'rsync']);
/** base64 of at most 16 KiB. */
const bytes = z.base64().max(22_000);

const sample = z.object({ path: z.string().max(10_000), sha256, bytes: count });

/** How many looks one request may hand in. */
export const MOST_LOOKS = 20;

export const vantageTask = z.object({
  /** Whether this mirror is asked to look at others at all. */
  asked: z.boolean(),
  /** Seconds between two looks at the same mirror. */
  interval: z
    .number()
    .min(1)
    .max(86_400 * 7),
  /** What the requests are to call themselves. */
  userAgent: z.string().max(300),
  targets: z
    .array(
      z.object({
        mirror: name,
        archive: name,
        traceName: name,
        places: z
          .array(z.object({ protocol, host: name, port: count, url, registered: z.boolean() }))
          .min(1)
          .max(4),
      }),
    )
    .max(20_000),
  releases: z
    .array(
      z.object({
        archive: name,
        serial: count,
        manifest: sha256,
        indexes: z.array(sample).max(10),
        contents: z.array(sample).max(50),
      }),
    )
    .max(1_000),
});

const found = z.enum(['right', 'wrong', 'missing', 'unknown']);
const content = z
  .strictObject({ index: found, sample: found, reason: words.nullable() })
  .nullable();

const vantageLook = z.strictObject({
  mirror: name,
  archive: name,
  heads: z.array(bytes).max(8),
  again: z.strictObject({ heads: z.array(bytes).max(8), content }).nullable(),
  trace: bytes.nullable(),
  updating: z.boolean(),
  content,
  endpoints: z
    .array(
      z.strictObject({
        protocol,
        family,
        url,
        state: z.enum(['ok', 'certificate', 'unreachable', 'not-offered']),
        serial: count.nullable(),
        ms: count.nullable(),
        certificateUntil: time.nullable(),
        reason: words.nullable(),
      }),
    )
    .max(16),
  evidence: z
    .array(
      z.strictObject({
        what: z.enum(['head', 'trace', 'index', 'sample', 'mark', 'rsync']),
        url: z.string().max(12_000),
        family,
        at: time,
        ms: count,
        status: z.int().min(0).max(999).nullable(),
        sha256: sha256.nullable(),
        bytes: count.nullable(),
        expected: sha256.nullable(),
        pastCache: z.boolean(),
        error: words.nullable(),
      }),
    )
    .max(40),
  responseMs: count.nullable(),
  certificateUntil: time.nullable(),
});

export const vantageLooks = z.strictObject({ looks: z.array(vantageLook).min(1).max(MOST_LOOKS) });

export type VantageTask = z.output<typeof vantageTask>;
export type VantageLook = z.output<typeof vantageLook>;

/** A look as it travels. */
export function packLook(of: { mirror: string; archive: string }, look: Look): VantageLook {
  const base64 = (one: Buffer) => one.toString('base64');
  return {
    mirror: of.mirror,
    archive: of.archive,
    heads: look.heads.map(base64),
    again: look.again && { heads: look.again.heads.map(base64), content: look.again.content },
    trace: look.trace && base64(look.trace),
    updating: look.updating,
    content: look.content,
    endpoints: look.endpoints,
    evidence: look.evidence,
    responseMs: look.responseMs,
    certificateUntil: look.certificateUntil?.toISOString() ?? null,
  };
}

/** The look that was handed in; `at` is the master's clock, not the vantage point's. */
export function unpackLook(packed: VantageLook, at: Date): Look {
  const buffer = (one: string) => Buffer.from(one, 'base64');
  const { again, trace, certificateUntil: until } = packed;
  return {
    at,
    heads: packed.heads.map(buffer),
    again: again && { heads: again.heads.map(buffer), content: again.content },
    trace: trace === null ? null : buffer(trace),
    updating: packed.updating,
    content: packed.content,
    endpoints: packed.endpoints,
    evidence: packed.evidence,
    responseMs: packed.responseMs,
    certificateUntil: until === null ? null : new Date(until),
  };
}
