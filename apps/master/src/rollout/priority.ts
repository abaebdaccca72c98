import type { Priority } from '@pushmirror/trigger';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import type { Tree } from '../registry/tree.ts';

/**
 * The order of sending: urgent releases, hubs (others wait for them), the rest, and last those that
 * were not reached the last time.
 */
export function priorityOf(
  row: Pick<PushRow, 'mirror' | 'quarantined' | 'state'>,
  release: Pick<ReleaseRow, 'urgent'>,
  tree: Pick<Tree, 'descendants'>,
  wasReached: boolean,
): Priority {
  if (row.quarantined === 1) return 'suspect';
  if (release.urgent === 1) return 'urgent';
  if (!wasReached || row.state === 'unreachable') return 'suspect';
  return tree.descendants(row.mirror) > 0 ? 'hub' : 'healthy';
}
