import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** What happened, in the order it happened: one JSON object a line. */
export interface History {
  path: string;
  note(type: HistoryType, fields?: object): void;
}

export type HistoryType =
  /** Seed and publishes. */
  | 'run'
  /** A release: its number and serial. */
  | 'publish'
  | 'kill'
  | 'started'
  /** One `apt-get update` and `apt-get download`: which mirror, how, and what became of it. */
  | 'apt'
  /** Whether each tree is the archive's at the end. */
  | 'end';

export function createHistory(path: string): History {
  mkdirSync(dirname(path), { recursive: true });
  return {
    path,
    note(type, fields = {}) {
      const at = new Date().toISOString();
      appendFileSync(path, `${JSON.stringify({ at, type, ...fields })}\n`);
    },
  };
}
