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

/** A key with which a mirror pulls from us over SSH, as libs/acl's SshPuller. */
const sshPuller = z.object({
  mirror: name,
  key: z.string().max(16_384),
  modules: z.array(z.object({ name, from: ranges })).max(10_000),
});

/** Where somebody lets others pull over SSH: `ssh://USER@HOST[:PORT]`. */
export const sshSource = z.strictObject({
  url: z.string().max(500),
  /** `type base64` */
  hostKey: z.string().max(16_384),
});
export type SshSource = z.infer<typeof sshSource>;

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
  /** Who pulls from this mirror over SSH. */
  sshPullers: z.array(sshPuller).max(200_000).default([]),
  /** This mirror's own accounts; `url` is `rsync://HOST[:PORT]`. */
  upstreams: z.array(account.extend({ url: z.string().max(500) })).max(100),
  /** The network's texts on who may sign, oldest first (docs/formats.md, "Signers"). */
  signers: z.array(z.string().max(4096)).max(100).default([]),
  /**
   * The tree above this mirror: where it pulls from and who may push it, its upstream first, the
   * master last. `rsyncUrl` is `rsync://HOST[:PORT]`, `pushKey` is `ssh-ed25519 AAAA...`;
   * `pushKeys` are those that count beside it while keys rotate, `ssh` is where it lets pull over SSH.
   */
  sources: z
    .array(
      z.object({
        name,
        rsyncUrl: z.string().max(500),
        pushKey: z.string().max(16_384).nullable(),
        pushKeys: z.array(z.string().max(16_384)).max(10).optional(),
        ssh: sshSource.optional(),
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

/**
 * The body of `POST /v1/access/keys`: what an agent says of itself. What is left out stays as it is.
 */
export const announcement = z.strictObject({
  /** The public key with which it pulls over SSH from now on. */
  pullKey: z.string().max(16_384).optional(),
  /** Where it lets downstreams pull over SSH; null: nowhere. */
  sshSource: sshSource.nullable().optional(),
});
export type Announcement = z.infer<typeof announcement>;
