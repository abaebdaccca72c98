import { z } from 'zod';

const name = z.string().min(1).max(300);
const ranges = z.array(z.string().max(60)).max(100_000);
const patterns = z.array(z.string().min(1).max(1024)).max(10_000);

/** What the rules come to for one archive, or one view of it, as libs/acl's AccessModule. */
const accessModule = z.object({
  name,
  archive: name,
  /** rsync users who get in with their secret; null: everybody, without one. */
  users: z.array(name).max(100_000).nullable(),
  hostsAllow: ranges,
  ranges: z.record(name, ranges).nullable(),
  hide: patterns,
  show: patterns.nullable(),
});

const account = z.object({ user: name, secret: z.string().min(16).max(128) });

/**
 * The answer to `GET /v1/access`: what a mirror's own rsync daemon is to let in, and the accounts
 * with which the mirror itself pulls. `digest` changes whenever the rest does.
 */
export const accessResponse = z.object({
  digest: z.string().max(100),
  modules: z.array(accessModule).max(10_000),
  /** The accounts that this mirror's daemon accepts. */
  secrets: z.array(account).max(200_000),
  /** This mirror's own accounts; `url` is `rsync://HOST[:PORT]`. */
  upstreams: z.array(account.extend({ url: z.string().max(500) })).max(100),
  /**
   * The tree above this mirror: where it pulls from and who may push it, its upstream first, the
   * master last. `rsyncUrl` is `rsync://HOST[:PORT]`, `pushKey` is `ssh-ed25519 AAAA...`.
   */
  sources: z
    .array(
      z.object({
        name,
        rsyncUrl: z.string().max(500),
        pushKey: z.string().max(16_384).nullable(),
      }),
    )
    .max(100)
    .default([]),
  /** As in `GET /v1/downstreams`, so that a change of whom to push is heard of at once. */
  downstreams: z.string().max(100),
});

export type AccessResponse = z.infer<typeof accessResponse>;

/** The longest time, in seconds, for which `GET /v1/access?known=DIGEST&wait=S` waits for news. */
export const LONGEST_ACCESS_WAIT_S = 15;
