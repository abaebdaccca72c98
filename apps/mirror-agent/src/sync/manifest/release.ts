import type { Move, Plan, Root } from '@pushmirror/manifest';
import type { SignedHead } from '@pushmirror/trigger';
import type { SyncContext } from '../context.ts';
import type { Carried } from './carried.ts';
import type { Staging } from './staging.ts';

/** A move of the tree to a release, planned. */
export interface PlannedMove {
  head: SignedHead;
  root: Root;
  /** What the tree holds when we begin: by our own record, or else what was found on disk. */
  from: Carried;
  /** What it holds when we are done. */
  to: Carried;
  move: Move;
  plan: Plan;
  staging: Staging;
  /** What came along with the root, by digest, checked. */
  newest: ReadonlyMap<string, Buffer>;
}

export interface Part {
  context: SyncContext;
  planned: PlannedMove;
  /** Steps of content that wait for the switch; undefined when that is not known. */
  later?: number;
}
