import type { DbOrTrx } from './open.ts';
import { openPushes } from './pushes.ts';
import { findRelease } from './releases.ts';
import type { MirrorRow, PushRow, ReleaseRow } from './schema.ts';

/** An open push to a stock ftpsync mirror, with its release and where the mirror is. */
export interface StockPush extends PushRow {
  release: ReleaseRow;
  place: Pick<MirrorRow, 'kind' | 'stock' | 'http_url' | 'rsync_url'>;
  /** What it pulls from is a stock mirror too, which may push it by itself. */
  belowStock: boolean;
}

export async function openStockPushes(db: DbOrTrx): Promise<StockPush[]> {
  const places = await db
    .selectFrom('mirror')
    .select(['name', 'kind', 'stock', 'upstream', 'http_url', 'rsync_url'])
    .where('kind', '=', 'ftpsync')
    .where('state', '=', 'active')
    .execute();
  if (places.length === 0) return [];
  const byName = new Map(places.map((place) => [place.name, place]));
  const releases = new Map<string, ReleaseRow | undefined>();
  const found: StockPush[] = [];
  for (const push of await openPushes(db, {})) {
    const place = byName.get(push.mirror);
    if (place === undefined) continue;
    const key = `${push.archive} ${push.serial}`;
    if (!releases.has(key)) releases.set(key, await findRelease(db, push.archive, push.serial));
    const release = releases.get(key);
    if (release === undefined) continue;
    found.push({ ...push, release, place, belowStock: byName.has(place.upstream ?? '') });
  }
  return found;
}
