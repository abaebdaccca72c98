import { z } from 'zod';

/** How a stock ftpsync mirror is pushed, with the words of runmirrors. */
export const stockSettings = z.object({
  /** `all`; `staged`: also told to stage; `mhop`: and to pass that on to its own downstreams. */
  push: z.enum(['all', 'staged', 'mhop']),
  /** Ask it to call its upstream back when it has synced. */
  callback: z.boolean(),
  /** Its own names of archives, where they are other than ours; "" is its main one. */
  names: z.record(z.string(), z.string()),
});

export type StockSettings = z.infer<typeof stockSettings>;

/** Of one of whom nothing else is known. */
export const plainStock: StockSettings = { push: 'all', callback: false, names: {} };

/** A mirror that is pushed by this host, as the master tells a hub (`GET /v1/downstreams`). */
export const downstream = z.object({
  name: z.string().min(1).max(255),
  /** `agent`: our mirror-agent. `ftpsync`: a stock Debian mirror, which ignores the token word. */
  kind: z.enum(['agent', 'ftpsync']),
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65535),
  user: z.string().min(1).max(32),
  /** The pinned host key, `ssh-ed25519 AAAA...`. */
  hostKey: z.string().min(1).max(4096),
  /** The archives this mirror has opted in to. */
  archives: z.array(z.string().min(1).max(64)),
  /** Whether a connection to it may stay open between pushes; a host that does not say, may not. */
  standing: z.boolean().optional(),
  /** It has downstreams of its own, so it goes before those that have none. */
  hub: z.boolean().optional(),
  /** It has not been reached for too long: it is tried once an hour, and waits for no slot. */
  quarantined: z.boolean().optional(),
  /** Of `ftpsync`; `plainStock` when left out. */
  stock: stockSettings.optional(),
});

export type Downstream = z.infer<typeof downstream>;

/** The answer to `GET /v1/downstreams`; `digest` changes whenever the list does. */
export const downstreamsResponse = z.object({
  digest: z.string(),
  downstreams: z.array(downstream).max(10_000),
  /** At most so many of them may pull from this host at once. */
  slots: z.number().int().min(1).max(10_000).optional(),
  /** Seconds after which a slot is free again, whatever became of its mirror. */
  slotTimeout: z.number().positive().max(31_536_000).optional(),
});
