import type { DbOrTrx } from '../db/open.ts';
import { listReleases } from '../db/releases.ts';
import { listHolds } from '../db/holds.ts';
import { listQuarantined } from '../db/mirrors.ts';
import type { SightChangeRow } from '../db/sight-schema.ts';
import { listSightChanges } from '../db/sightings.ts';
import { FAILINGS, SIGHT_WORDS } from './probe/states.ts';

/** Something that people want to hear of. */
export interface Incident {
  /** The same for the same thing, for good. */
  id: string;
  at: Date;
  title: string;
  text: string;
  /** Of the page that tells more. */
  path: string;
}

/** Releases, holds, mirrors in quarantine and what was seen of them, newest first: of all, of one archive, or of one mirror. */
export async function readIncidents(
  db: DbOrTrx,
  of: { archive?: string; mirror?: string },
  limit: number,
): Promise<Incident[]> {
  const { archive, mirror } = of;
  const ofMirror = mirror === undefined ? [] : [mirror];
  const [releases, holds] =
    mirror === undefined
      ? [await listReleases(db, { archive, limit }), await listHolds(db, { archive, limit })]
      : [[], []];
  const quarantined = archive === undefined ? await listQuarantined(db, ofMirror) : [];
  const sights = await listSightChanges(db, {
    ...(archive === undefined ? {} : { archive }),
    ...(mirror === undefined ? {} : { mirror }),
    limit: limit * 4,
  });
  const found = [
    ...releases.map(releaseIncident),
    ...holds.map(holdIncident),
    ...quarantined.map(quarantineIncident),
    ...sights.flatMap(sightIncident),
  ];
  return found.toSorted((a, b) => b.at.getTime() - a.at.getTime()).slice(0, limit);
}

function releaseIncident(row: Awaited<ReturnType<typeof listReleases>>[number]): Incident {
  const { archive, serial, files, changed, dropped } = row;
  return {
    id: `release/${archive}/${serial}`,
    at: new Date(row.published_at),
    title: `${archive} ${serial} is published`,
    text: `${files} files; ${changed} changed, ${dropped} dropped.`,
    path: `/archives/${encodeURIComponent(archive)}/releases/${serial}`,
  };
}

function holdIncident(row: Awaited<ReturnType<typeof listHolds>>[number]): Incident {
  const { archive, serial, sequence, state, reason } = row;
  const what = state === 'held' ? 'is held' : 'goes on';
  return {
    id: `hold/${archive}/${sequence}`,
    at: new Date(row.issued_at),
    title: `${archive} ${serial} ${what}`,
    text: reason ?? (state === 'held' ? 'No reason was given.' : 'The hold is lifted.'),
    path: `/archives/${encodeURIComponent(archive)}/releases/${serial}`,
  };
}

/** A failing that was seen, and the end of one; what every release brings with it is no news. */
function sightIncident(row: SightChangeRow): Incident[] {
  const { mirror, archive, state, before_state: before, reason, sequence } = row;
  const ended = before !== null && FAILINGS.has(before) && !FAILINGS.has(state);
  if (!ended && !FAILINGS.has(state)) return [];
  return [
    {
      id: `sight/${sequence}`,
      at: new Date(row.at),
      title: ended
        ? `${mirror}: ${archive} is well again (${SIGHT_WORDS[state]})`
        : `${mirror}: ${archive} ${SIGHT_WORDS[state]}`,
      text: reason ?? `It was ${before === null ? 'new' : SIGHT_WORDS[before]} before.`,
      path: `/mirrors/${encodeURIComponent(mirror)}`,
    },
  ];
}

function quarantineIncident(row: { name: string; at: string; reason: string | null }): Incident {
  return {
    id: `quarantine/${row.name}/${row.at}`,
    at: new Date(row.at),
    title: `${row.name} is quarantined`,
    text: row.reason ?? 'No reason was noted.',
    path: `/mirrors/${encodeURIComponent(row.name)}`,
  };
}
