import type { TreePath } from '@pushmirror/manifest';
import { ArchiveError, type ArchiveErrorReason } from '../archive-error.ts';
import type { ScanSettings } from './scan-folder.ts';

/** What a hand has to know of a publish. Its table is shared memory. */
export interface HandSetup extends Omit<ScanSettings, 'table'> {
  table: { memory: SharedArrayBuffer; starts: Float64Array };
  /** Changes of the last so many milliseconds cannot be told from later ones by the times. */
  freshMs: number;
}

export type HandRequest = ScanRequest | HashRequest;
export interface HandOrder {
  setup: HandSetup;
  request: HandRequest;
}
export type HandReply = ScanReply | HashReply | ReadSoFar | Failed;

/** Scan these folders, and what is in them down to the leaves unless `shallow`. */
export interface ScanRequest {
  do: 'scan';
  folders: TreePath[];
  shallow: boolean;
}

export interface ScanReply {
  did: 'scan';
  /** Indexes of the folders that are as the table has them. */
  same: number[];
  /** The others, as blocks one after the other. */
  blocks: ArrayBuffer;
  /** Not scanned yet: this was enough for one request. */
  rest: TreePath[];
  /** Folders that have to be looked at once more: something went while we looked. */
  unsettled: TreePath[];
  entries: number;
  toHash: { files: number; bytes: number };
}

export interface HashRequest {
  do: 'hash';
  paths: TreePath[];
  /** What they have together, about. */
  bytes: number;
}

/** For each path RESULT_BYTES: see hash-batch.ts. */
export interface HashReply {
  did: 'hash';
  results: ArrayBuffer;
}

/** Sent in between, while a request is worked on. */
export interface ReadSoFar {
  did: 'read';
  bytes: number;
}

/** An error as it goes from one thread to another. */
export interface Failed {
  did: 'fail';
  reason: ArchiveErrorReason | undefined;
  message: string;
}

export function errorSent(error: unknown): Failed {
  const message = error instanceof Error ? error.message : String(error);
  const reason = error instanceof ArchiveError ? error.reason : undefined;
  return { did: 'fail', reason, message };
}

export function errorReceived({ reason, message }: Failed): Error {
  return reason === undefined ? new Error(message) : new ArchiveError(reason, message);
}
