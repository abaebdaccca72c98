import { placesOf, unpackLook, type VantageLook, type VantageTask } from '@pushmirror/probe';
import { NetError } from '@pushmirror/net';
import { appendAudit } from '../../db/audit.ts';
import { listMaintenance } from '../../db/maintenance.ts';
import { findMirror, listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { listOptIns } from '../../db/opt-ins.ts';
import { publicRelease } from '../../db/releases.ts';
import { findSighting, writeSighting } from '../../db/sightings.ts';
import { deleteVantage, findVantage, insertVantage, noteVantage } from '../../db/vantages.ts';
import { MasterError } from '../../errors.ts';
import { resting } from '../../registry/maintenance.ts';
import type { ContentMemory } from './content-memory.ts';
import { namesOf } from './prober.ts';
import { readKnown } from './read-known.ts';
import { sightingOf } from './record.ts';
import { verdictOf, type Known } from './verdict.ts';

/** Mirrors that look at others for us. */
export interface Vantages {
  /** Ask a mirror to look at others, or no longer. @throws MasterError `unknown-mirror`, `invalid` */
  ask(mirror: string, asked: boolean, by: { name: string; origin: string }): Promise<void>;
  /** What it is to look at; nothing for one that is not asked. */
  task(mirror: string): Promise<VantageTask>;
  /**
   * Take what it saw: facts, which the master judges. Looks at itself, and at what the network does
   * not have, count for nothing. Returns how many were taken.
   *
   * @throws MasterError `forbidden` for one that is not asked
   */
  take(mirror: string, looks: readonly VantageLook[]): Promise<number>;
}

export interface VantagesOptions {
  db: Db;
  vet: (archive: string) => Known['vet'];
  content: Pick<ContentMemory, 'samplesIn'>;
  intervalMs: number;
  userAgent: string;
  now: () => Date;
  /** Told of each mirror that was seen by another eye. */
  onLooked: (mirror: string) => Promise<void>;
}

/** So many files of a release are enough to try mirrors by. */
const CONTENTS = 20;

export function createVantages(o: VantagesOptions): Vantages {
  const { db, now } = o;

  const takeOne = async (vantage: string, packed: VantageLook): Promise<boolean> => {
    const { mirror: name, archive } = packed;
    const mirror = await findMirror(db, name);
    const optIn = (await listOptIns(db, { mirror: name })).find((row) => row.archive === archive);
    if (mirror === undefined || optIn === undefined || name === vantage) return false;
    const look = unpackLook(packed, now());
    // When it looked is not known to the second: what was claimed since is not held against it.
    const known = await readKnown(db, { vet: o.vet(archive), mirror, optIn, claimed: null });
    const verdict = verdictOf(look, known);
    const before = await findSighting(db, { mirror: name, archive, vantage });
    await writeSighting(db, sightingOf({ mirror: name, archive, look, verdict }, vantage, before));
    await o.onLooked(name);
    return true;
  };

  return {
    async ask(name, asked, by) {
      await db.transaction().execute(async (trx) => {
        const mirror = await findMirror(trx, name);
        if (mirror === undefined)
          throw new MasterError('unknown-mirror', `There is no mirror ${name}.`);
        if (asked && mirror.kind !== 'agent') {
          const message = `${name} runs stock ftpsync: only a mirror-agent can look at others.`;
          throw new MasterError('invalid', message);
        }
        const at = now();
        if (asked) {
          const row = {
            mirror: name,
            asked_at: at.toISOString(),
            asked_by: by.name,
            last_at: null,
          };
          await insertVantage(trx, row);
        } else await deleteVantage(trx, name);
        await appendAudit(trx, at, by, { action: 'vantage', subject: name, detail: { asked } });
      });
    },
    async task(mirror) {
      const asked = (await findVantage(db, mirror)) !== undefined;
      return {
        asked,
        interval: Math.max(1, Math.round(o.intervalMs / 1000)),
        userAgent: o.userAgent,
        targets: asked ? await targetsFor(db, mirror, now()) : [],
        releases: asked ? await releasesOf(db, o.content) : [],
      };
    },
    async take(vantage, looks) {
      if ((await findVantage(db, vantage)) === undefined) {
        throw new MasterError('forbidden', `${vantage} is not asked to look at other mirrors.`);
      }
      let taken = 0;
      for (const look of looks) if (await takeOne(vantage, look)) taken += 1;
      await noteVantage(db, vantage, now().toISOString());
      return taken;
    },
  };
}

/** All active mirrors that are seen from outside, but not the one that looks. */
async function targetsFor(db: Db, vantage: string, at: Date): Promise<VantageTask['targets']> {
  const rest = resting(await listMaintenance(db), at);
  const optIns = await listOptIns(db);
  return (await listMirrors(db)).flatMap((mirror) => {
    const { name, state } = mirror;
    if (name === vantage || state !== 'active' || rest.has(name)) return [];
    const archives = optIns.filter((row) => row.mirror === name).map((row) => row.archive);
    return archives.flatMap((archive) => {
      try {
        const places = placesOf(mirror, archive, archives);
        return places.length === 0 ? [] : [{ ...namesOf(mirror), archive, places }];
      } catch (error) {
        if (error instanceof NetError) return [];
        throw error;
      }
    });
  });
}

async function releasesOf(db: Db, content: Pick<ContentMemory, 'samplesIn'>) {
  const archives = new Set((await listOptIns(db)).map((row) => row.archive));
  const found = await Promise.all(
    [...archives].map(async (archive) => {
      const release = await publicRelease(db, archive);
      const { manifest_sha256: sha256 = null, manifest_bytes: bytes = null } = release ?? {};
      if (release === undefined || sha256 === null || bytes === null) return [];
      const samples = await content.samplesIn(archive, { sha256, bytes });
      if (samples === undefined) return [];
      const { serial } = release;
      const contents = samples.contents.slice(0, CONTENTS);
      return [{ archive, serial, manifest: sha256, indexes: [...samples.indexes], contents }];
    }),
  );
  return found.flat();
}
