import type { SignersTextRow } from './network-key-schema.ts';
import type { DbOrTrx } from './open.ts';

/** Oldest first. */
export function listSignersTexts(db: DbOrTrx): Promise<SignersTextRow[]> {
  return db.selectFrom('signers_text').selectAll().orderBy('sequence').execute();
}

export function insertSignersText(db: DbOrTrx, row: SignersTextRow) {
  return db.insertInto('signers_text').values(row).execute();
}
