/**
 * The life of one push: one head on its way to one mirror (docs/formats.md, "Push states").
 *
 *     waiting -> sending -> accepted -> staged -> committed            (reported by the agent)
 *                  |-> unreachable -> (retry) -> sending ... -> given-up
 *                  |-> refused
 *     any state that is not terminal -> superseded
 */
export const pushStates = [
  'waiting',
  'sending',
  'unreachable',
  'accepted',
  'staged',
  'committed',
  'refused',
  'given-up',
  'superseded',
] as const;

export type PushState = (typeof pushStates)[number];

const terminal: ReadonlySet<PushState> = new Set([
  'committed',
  'refused',
  'given-up',
  'superseded',
]);

/** True when nothing more will be done about a push in this state. */
export function isTerminal(state: PushState): boolean {
  return terminal.has(state);
}

const progress: Partial<Record<PushState, number>> = { accepted: 1, staged: 2, committed: 3 };

/**
 * The state after news that says `to`. News may come late, twice and out of order (reports are
 * delivered at least once), so: a mirror's own progress never goes back; what a sender says never
 * undoes what the mirror itself said; a mirror that commits has committed, even after it was given
 * up. Only superseded stays what it is.
 */
export function nextPushState(from: PushState, to: PushState): PushState {
  if (from === 'superseded' || from === 'committed') return from;
  if (to === 'committed') return to;
  if (isTerminal(from)) return from;
  const reached = progress[from];
  if (reached === undefined) return to;
  if (isTerminal(to)) return to === 'refused' ? from : to;
  return (progress[to] ?? 0) > reached ? to : from;
}
