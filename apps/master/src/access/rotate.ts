import { appendAudit, type Actor } from '../db/audit.ts';
import type { Db } from '../db/open.ts';
import { insertRsyncSecrets, retireRsyncSecrets } from '../db/rsync-secrets.ts';
import { unknownMirror } from '../errors.ts';
import { readPolicy } from './policy.ts';
import { newSecret, secretInUse, sourcesOf } from './secrets.ts';

export interface Rotated {
  /** How many secrets were made. */
  made: number;
  /** Until when those of before are accepted. */
  acceptedUntil: string;
}

/**
 * Give mirrors new rsync secrets. rsync takes one secret a user, so the new one is another user's;
 * both are accepted for `overlapMs`, so that nobody stands outside while agents hear of it.
 *
 * @throws MasterError `unknown-mirror`
 */
export function rotateSecrets(
  db: Db,
  network: string,
  o: { mirror?: string | undefined; overlapMs: number },
  by: Actor,
  now: () => Date,
): Promise<Rotated> {
  return db.transaction().execute(async (trx) => {
    const at = now();
    const policy = await readPolicy(trx, network);
    const acceptedUntil = new Date(at.getTime() + o.overlapMs).toISOString();
    const mirrors = policy.mirrors.filter(({ name }) => (o.mirror ?? name) === name);
    if (o.mirror !== undefined && mirrors.length === 0) {
      throw unknownMirror(o.mirror);
    }
    let made = 0;
    for (const { name: mirror } of mirrors) {
      for (const upstream of sourcesOf(policy, mirror)) {
        // One that was never made is made by itself, and nobody has it yet.
        if (secretInUse(policy, upstream, mirror) === undefined) continue;
        await retireRsyncSecrets(trx, { upstream, mirror }, acceptedUntil);
        await insertRsyncSecrets(trx, [newSecret(policy.secrets, upstream, mirror, at)]);
        made += 1;
      }
    }
    const detail = { kind: 'rsync', made, acceptedUntil };
    await appendAudit(trx, at, by, {
      action: 'key-rotate',
      subject: o.mirror ?? 'all mirrors',
      detail,
    });
    return { made, acceptedUntil };
  });
}
