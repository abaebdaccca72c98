import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** What happened, in the order it happened: one JSON object a line. */
export interface History {
  path: string;
  note(type: HistoryType, fields?: Record<string, unknown>): void;
}

export type HistoryType =
  /** What is run: seed, publishes, mirrors. */
  | 'run'
  /** What lay in the archive's tree for a publish: number, and [path, SHA-256] of each file. */
  | 'content'
  /** A client's request to publish, and what came back. */
  | 'request'
  | 'answer'
  /** What else the release manager asked for, and what came back: how to roll out, halt, resume. */
  | 'order'
  | 'kill'
  | 'stop'
  | 'start'
  | 'started'
  /** A mirror's SSH or rsync door, as its proxy treats it from now on. */
  | 'door'
  /** What a mirror's tree showed: first its head was read, then its files. */
  | 'tree'
  /** All run again, and all doors are open. */
  | 'healed'
  | 'settled'
  | 'end';

/** Each line is written before the next thing happens, so that it outlives whatever follows. */
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
