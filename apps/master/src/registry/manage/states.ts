import { updateMirror } from '../../db/mirrors.ts';
import type { DbOrTrx } from '../../db/open.ts';
import type { MirrorState, PushRow } from '../../db/schema.ts';
import { MasterError } from '../../errors.ts';
import { act, type Doing } from './act.ts';
import { endPushesTo, handOverPushesOf } from './end-pushes.ts';

/** No pushes until `resume`; what it would have sent, its upstream sends. */
export function pause(doing: Doing, reason: string): Promise<PushRow[]> {
  return act(doing, 'mirror-pause', async (trx, { state }) => {
    if (state === 'suspended') throw suspended(doing.mirror);
    const pushes = await rest(trx, doing, 'paused', reason, `Paused: ${reason}`);
    return { detail: { reason }, pushes };
  });
}

/** An administrator's word: no pushes and no rights, until an administrator resumes it. */
export function suspend(doing: Doing, reason: string): Promise<PushRow[]> {
  return act(doing, 'mirror-suspend', async (trx) => {
    const pushes = await rest(trx, doing, 'suspended', reason, `Suspended: ${reason}`);
    return { detail: { reason }, pushes };
  });
}

/** It is pushed again, from the next release on; it finds the current one by its poll. */
export function resume(doing: Doing, o: { admin: boolean }): Promise<PushRow[]> {
  return act(doing, 'mirror-resume', async (trx, { state }) => {
    if (state === 'suspended' && !o.admin) throw suspended(doing.mirror);
    await updateMirror(trx, doing.mirror, stateRow('active', null, doing.at));
    return { detail: { from: state } };
  });
}

export function stateRow(state: MirrorState, reason: string | null, at: Date) {
  return { state, state_reason: reason, state_at: at.toISOString() };
}

async function rest(
  trx: DbOrTrx,
  { mirror, at }: Doing,
  state: 'paused' | 'suspended',
  reason: string,
  words: string,
): Promise<PushRow[]> {
  await updateMirror(trx, mirror, stateRow(state, reason, at));
  const ended = await endPushesTo(trx, { mirror }, words, at);
  return [...ended, ...(await handOverPushesOf(trx, mirror, at))];
}

function suspended(mirror: string): MasterError {
  return new MasterError(
    'forbidden',
    `${mirror} is suspended. Ask the administrators of the network.`,
  );
}
