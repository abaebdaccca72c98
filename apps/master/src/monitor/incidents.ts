import { listQuarantineAudit } from '../db/audit.ts';
import { pushHistory } from '../db/history.ts';
import { listHolds } from '../db/holds.ts';
import type { DbOrTrx } from '../db/open.ts';
import { listReleases } from '../db/releases.ts';
import type { AuditRow } from '../db/schema.ts';
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

/** What incidents are wanted of. */
export interface IncidentsOf {
  /** Those that may be spoken of; of them the releases and holds, where `mirror` is not one only. */
  archives: readonly string[];
  /** Those that carry one of these archives, or the one that is asked about. */
  mirrors: ReadonlySet<string>;
  /** Of this one only: the releases that it serves, and what was seen of it. */
  mirror?: string | undefined;
}

/** Releases, holds, quarantines and what was seen of mirrors, newest first. */
export async function readIncidents(
  db: DbOrTrx,
  of: IncidentsOf,
  limit: number,
): Promise<Incident[]> {
  const { archives, mirrors, mirror } = of;
  const sights = await listSightChanges(db, {
    archives,
    ...(mirror === undefined ? {} : { mirror }),
    limit: limit * 4,
  });
  const quarantines = await listQuarantineAudit(db, { mirror, limit: limit * 4 });
  const found = [
    ...(mirror === undefined
      ? await ofArchives(db, archives, limit)
      : await ofMirror(db, mirror, archives, limit)),
    ...quarantines.filter(({ subject }) => mirrors.has(subject)).map(quarantineIncident),
    ...sights.flatMap(sightIncident),
  ];
  return found.toSorted((a, b) => b.at.getTime() - a.at.getTime()).slice(0, limit);
}

async function ofArchives(db: DbOrTrx, archives: readonly string[], limit: number) {
  const found: Incident[] = [];
  for (const archive of archives) {
    found.push(...(await listReleases(db, { archive, limit })).map(releaseIncident));
    found.push(...(await listHolds(db, { archive, limit })).map(holdIncident));
  }
  return found;
}

/** The releases that it says to serve. */
async function ofMirror(db: DbOrTrx, mirror: string, archives: readonly string[], limit: number) {
  const known = new Set(archives);
  return (await pushHistory(db, mirror, limit)).flatMap((row): Incident[] => {
    const { archive, serial, committed_at: at } = row;
    if (at === null || !known.has(archive)) return [];
    const after = Math.max(0, Math.round((Date.parse(at) - Date.parse(row.published_at)) / 1000));
    return [
      {
        id: `commit/${mirror}/${archive}/${serial}`,
        at: new Date(at),
        title: `${mirror} serves ${archive} ${serial}`,
        text: `It says so, ${after} seconds after the release was published.`,
        path: `/archives/${encodeURIComponent(archive)}/releases/${serial}`,
      },
    ];
  });
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

function quarantineIncident({ sequence, at, action, subject, detail }: AuditRow): Incident {
  const ended = action === 'quarantine-end';
  const reason = (JSON.parse(detail) as { reason?: unknown }).reason;
  const begun = typeof reason === 'string' ? reason : 'No reason was noted.';
  return {
    id: `quarantine/${sequence}`,
    at: new Date(at),
    title: ended ? `${subject} is back from quarantine` : `${subject} is quarantined`,
    text: ended ? 'It counts again, and clients are sent there again.' : begun,
    path: `/mirrors/${encodeURIComponent(subject)}`,
  };
}
