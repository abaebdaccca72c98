import { z } from 'zod';

/**
 * The control socket (STATE/agent.sock): one line of JSON asks, lines of JSON answer. Only the
 * agent's own user gets as far as the socket.
 */
export const controlRequest = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('trigger'),
    command: z.string(),
    peer: z.strictObject({ mirror: z.string(), from: z.string().optional() }),
  }),
  z.strictObject({ op: z.literal('status') }),
  z.strictObject({
    op: z.literal('sync'),
    /** All archives when left out. */
    archive: z.string().optional(),
    /** Sync even where there is nothing new. */
    force: z.boolean(),
  }),
]);

export type ControlRequest = z.output<typeof controlRequest>;

/** The largest request: a trigger of 4 KiB, escaped, and what is around it. */
export const LARGEST_REQUEST = 64 * 1024;

/** What `sync` tells while it goes on; the last line is `done`. Counts are bytes and seconds. */
export type SyncLine =
  | { type: 'syncing'; archive: string; serial?: number; upstream?: string }
  | {
      type: 'progress';
      archive: string;
      stage: 1 | 2;
      bytes: number;
      bytesInAll?: number;
      percent: number;
    }
  | { type: 'staged'; archive: string; serial?: number; bytes: number; seconds: number }
  | { type: 'note'; archive: string; text: string }
  | {
      type: 'result';
      archive: string;
      result: 'committed' | 'staged' | 'nothing-new' | 'failed';
      serial?: number;
      bytes?: number;
      seconds?: number;
      reason?: string;
    }
  | { type: 'done'; ok: boolean };

const serial = z.number().optional();
const number = z.number();
const text = z.string();

/** The same as a schema, for the reading side. */
export const syncLine: z.ZodType<SyncLine> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('syncing'), archive: text, serial, upstream: text.optional() }),
  z.object({
    type: z.literal('progress'),
    archive: text,
    stage: z.union([z.literal(1), z.literal(2)]),
    bytes: number,
    bytesInAll: number.optional(),
    percent: number,
  }),
  z.object({ type: z.literal('staged'), archive: text, serial, bytes: number, seconds: number }),
  z.object({ type: z.literal('note'), archive: text, text }),
  z.object({
    type: z.literal('result'),
    archive: text,
    result: z.enum(['committed', 'staged', 'nothing-new', 'failed']),
    serial,
    bytes: number.optional(),
    seconds: number.optional(),
    reason: text.optional(),
  }),
  z.object({ type: z.literal('done'), ok: z.boolean() }),
]) as z.ZodType<SyncLine>;
