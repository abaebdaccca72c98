import type { DbOrTrx } from './open.ts';
import type { PushRow } from './schema.ts';

/** Open pushes that hubs are to send. */
export function pushesOfHubs(db: DbOrTrx, master: string): Promise<PushRow[]> {
  return db
    .selectFrom('push')
    .selectAll()
    .where('sender', '!=', master)
    .where('state', 'in', ['waiting', 'sending', 'unreachable', 'accepted', 'staged'])
    .orderBy('archive')
    .orderBy('serial')
    .orderBy('sender')
    .execute();
}

/**
 * Another one sends a hub's open pushes of a release from now on; those that no mirror has taken
 * yet begin anew. Returns them as they are now.
 */
export async function takeOverPushes(
  db: DbOrTrx,
  of: { archive: string; serial: number; hub: string },
  by: { sender: string; reason: string; at: string },
): Promise<PushRow[]> {
  const theirs = db
    .updateTable('push')
    .where('archive', '=', of.archive)
    .where('serial', '=', of.serial)
    .where('sender', '=', of.hub);
  const { sender, reason, at } = by;
  const anew = await theirs
    .set({ sender, reason, state: 'waiting', next_attempt_at: null, updated_at: at })
    .where('state', 'in', ['waiting', 'sending', 'unreachable'])
    .returningAll()
    .execute();
  const taken = await theirs
    .set({ sender, updated_at: at })
    .where('state', 'in', ['accepted', 'staged'])
    .returningAll()
    .execute();
  return [...anew, ...taken];
}

/** The mirrors, with their archives, that somebody else is to send to for now. */
export async function adoptedBy(
  db: DbOrTrx,
  sender: string,
): Promise<{ mirror: string; archive: string }[]> {
  return db
    .selectFrom('push')
    .select(['mirror', 'archive'])
    .distinct()
    .where('sender', '=', sender)
    .where('state', 'in', ['waiting', 'sending', 'unreachable', 'accepted', 'staged'])
    .execute();
}
