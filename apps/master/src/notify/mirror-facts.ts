import type { DbOrTrx } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { publicRelease } from '../db/releases.ts';
import { findSighting, MASTER_VANTAGE } from '../db/sightings.ts';
import type { MirrorArchiveRow } from '../db/schema.ts';
import type { SightingRow } from '../db/sight-schema.ts';
import type { Evidence } from '../monitor/probe/sighting.ts';
import { NO_FACTS, type NoticeFacts } from './facts.ts';

/** What was seen and what was claimed of a mirror's archive, as it is now. */
export interface MirrorFacts {
  facts: Omit<NoticeFacts, 'title' | 'state'>;
  sighting: SightingRow | undefined;
}

/** A look makes a handful of requests; more is no help in a mail. */
const MOST_EVIDENCE = 12;

export async function readMirrorFacts(
  trx: DbOrTrx,
  mirror: string,
  archive: string,
): Promise<MirrorFacts> {
  const sighting = await findSighting(trx, { mirror, archive, vantage: MASTER_VANTAGE });
  const claims = await listOptIns(trx, { mirror });
  const claim = claims.find((one) => one.archive === archive);
  const newest = await publicRelease(trx, archive);
  const evidence = evidenceOf(sighting);
  const facts = {
    ...NO_FACTS,
    since: sighting?.since ?? null,
    reason: sighting?.reason ?? null,
    url: evidence[0]?.url ?? null,
    seen: sighting === undefined ? null : { at: sighting.at, serial: sighting.serial },
    claimed: claimOf(claim),
    newest:
      newest === undefined
        ? null
        : { serial: newest.serial, publishedAt: newest.public_at ?? newest.published_at },
    evidence: evidence.slice(0, MOST_EVIDENCE),
    page: mirrorPage(mirror),
  };
  return { facts, sighting };
}

export function mirrorPage(mirror: string): string {
  return `/mirrors/${encodeURIComponent(mirror)}`;
}

function evidenceOf(sighting: SightingRow | undefined): Evidence[] {
  return sighting === undefined ? [] : (JSON.parse(sighting.evidence) as Evidence[]);
}

function claimOf(claim: MirrorArchiveRow | undefined): NoticeFacts['claimed'] {
  if (claim === undefined || claim.said_event === null) return null;
  return {
    serial: claim.served_serial,
    at: claim.said_at,
    event: claim.said_event,
    reason: claim.said_reason,
  };
}
