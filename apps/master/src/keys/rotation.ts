import { z } from 'zod';
import type { DbOrTrx } from '../db/open.ts';
import { deleteSetting, readSetting, writeSetting } from '../db/settings.ts';

/** The keys of the master that follow one another. */
export type RotatedKind = 'signing' | 'push';

const schema = z.object({
  /** The public halves, `type base64`. */
  old: z.string(),
  next: z.string(),
  /** When the next one is used. */
  switchAt: z.coerce.date(),
  /** Until when the old one is accepted. */
  until: z.coerce.date(),
});

/** A rotation that was announced; it is gone once the next key is in use. */
export type Rotation = z.output<typeof schema>;

export async function readRotation(db: DbOrTrx, kind: RotatedKind): Promise<Rotation | undefined> {
  const text = await readSetting(db, nameOf(kind));
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

export function writeRotation(db: DbOrTrx, kind: RotatedKind, rotation: Rotation): Promise<void> {
  return writeSetting(db, nameOf(kind), JSON.stringify(rotation));
}

export function endRotation(db: DbOrTrx, kind: RotatedKind) {
  return deleteSetting(db, nameOf(kind));
}

function nameOf(kind: RotatedKind): string {
  return `rotation:${kind}`;
}
