import Database from 'better-sqlite3';

export interface Release {
  serial: number;
  publishedAt: number;
  /** The signed text. */
  head: string;
}

export interface Push {
  serial: number;
  mirror: string;
  state: string;
  updatedAt: number;
  reason: string | null;
}

export interface MasterState {
  /** In the order in which they were written. */
  releases: Release[];
  pushes: Push[];
  /** What `PRAGMA integrity_check` says: "ok". */
  integrity: string;
}

/** Read the master's database with SQL alone. */
export function readDatabase(path: string, archive: string): MasterState {
  const db = new Database(path, { fileMustExist: true });
  try {
    const releases = db
      .prepare<[string], { serial: number; published_at: string; head: string }>(
        'SELECT serial, published_at, head FROM release WHERE archive = ? ORDER BY published_at, serial',
      )
      .all(archive);
    const pushes = db
      .prepare<
        [string],
        { serial: number; mirror: string; state: string; updated_at: string; reason: string | null }
      >('SELECT serial, mirror, state, updated_at, reason FROM push WHERE archive = ?')
      .all(archive);
    return {
      releases: releases.map(({ serial, published_at, head }) => ({
        serial,
        publishedAt: Date.parse(published_at),
        head,
      })),
      pushes: pushes.map(({ updated_at, ...push }) => ({
        ...push,
        updatedAt: Date.parse(updated_at),
      })),
      integrity: String(db.pragma('integrity_check', { simple: true })),
    };
  } finally {
    db.close();
  }
}
