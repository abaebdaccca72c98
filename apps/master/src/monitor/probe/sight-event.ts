import type { SightChangeRow } from '../../db/sight-schema.ts';
import type { FeedEvent } from '../feed.ts';

/** A mirror became another state, as the master saw it: everybody may know. */
export function sightEvent(change: SightChangeRow): FeedEvent {
  const { sequence, at, mirror, archive, before_state: before, state, serial, reason } = change;
  const data = { sequence, at, mirror, archive, before, state, serial, reason };
  return { type: 'sight', archive, serial: serial ?? 0, data, open: data };
}
