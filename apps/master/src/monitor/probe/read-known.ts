import { hasForeignTrace } from '../../archive/foreign-trace.ts';
import type { DbOrTrx } from '../../db/open.ts';
import { knownReleases } from '../../db/releases.ts';
import { findSighting, MASTER_VANTAGE } from '../../db/sightings.ts';
import type { MirrorArchiveRow, MirrorRow } from '../../db/schema.ts';
import type { Known } from './verdict.ts';

/** A mirror that shows an older release than the oldest of these is behind, whatever it shows. */
const RELEASES_KNOWN = 500;

/** What the database has that a look is held against. */
export async function readKnown(
  db: DbOrTrx,
  of: {
    vet: Known['vet'];
    mirror: MirrorRow;
    optIn: MirrorArchiveRow;
    /** What it claimed before the look. */
    claimed: number | null;
  },
): Promise<Known> {
  const { vet, mirror, optIn, claimed } = of;
  const { archive } = optIn;
  const rows = await knownReleases(db, archive, RELEASES_KNOWN);
  const before = await findSighting(db, { mirror: mirror.name, archive, vantage: MASTER_VANTAGE });
  const { highest_epoch: epoch = null, highest_serial: serial = null } = before ?? {};
  return {
    vet,
    releases: rows.map((row) => ({
      epoch: row.epoch,
      serial: row.serial,
      manifestSha256: row.manifest_sha256,
      expiresAt: new Date(row.expires_at),
      publicAt: row.public_at === null ? null : new Date(row.public_at),
    })),
    kind: mirror.kind,
    foreignTrace: mirror.kind === 'ftpsync' && (await hasForeignTrace(db, archive)),
    claimed,
    highest: epoch === null || serial === null ? null : { epoch, serial },
    updatingSince: before?.state === 'updating' ? new Date(before.since) : null,
  };
}
