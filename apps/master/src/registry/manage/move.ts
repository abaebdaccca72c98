import { listMirrors, updateMirror } from '../../db/mirrors.ts';
import { listOptIns } from '../../db/opt-ins.ts';
import type { MirrorRow, PushRow } from '../../db/schema.ts';
import { MasterError, unknownMirror } from '../../errors.ts';
import { MASTER, treeOf } from '../tree.ts';
import { act, type Doing } from './act.ts';
import { handOverPushesOf } from './end-pushes.ts';

/**
 * Hang a mirror, with all that is below it, under another upstream.
 *
 * @throws MasterError `cycle`, `unknown-mirror`, or `invalid` when that one cannot serve it.
 */
export function move(doing: Doing, upstream: string): Promise<PushRow[]> {
  const { mirror, at } = doing;
  return act(doing, 'mirror-move', async (trx, row) => {
    const before = await listMirrors(trx);
    const to = upstream === MASTER ? null : upstream;
    const after = before.map((one) => (one.name === mirror ? { ...one, upstream: to } : one));
    treeOf(after); // Throws where it would be a circle.
    if (to !== null) {
      const wanted = (await listOptIns(trx, { mirror })).map(({ archive }) => archive);
      const carried = (await listOptIns(trx, { mirror: to })).map(({ archive }) => archive);
      const hub = before.find(({ name, state }) => name === to && state !== 'left');
      if (hub === undefined) throw unknownMirror(to);
      checkUpstream(mirror, hub, wanted, carried);
    }
    const sender = treeOf(before).senderOf(mirror);
    await updateMirror(trx, mirror, { upstream: to });
    const pushes = sender === MASTER ? [] : await handOverPushesOf(trx, sender, at);
    return { detail: { from: row.upstream ?? MASTER, to: upstream }, pushes };
  });
}

function checkUpstream(
  mirror: string,
  hub: MirrorRow,
  wanted: readonly string[],
  carried: readonly string[],
): void {
  const missing = wanted.filter((archive) => !carried.includes(archive));
  if (missing.length > 0) {
    throw invalid(`${hub.name} does not carry ${missing.join(', ')}, which ${mirror} wants.`);
  }
  if (hub.state === 'suspended') throw invalid(`${hub.name} is suspended.`);
  if (hub.kind === 'agent' && hub.push_key === null) {
    throw invalid(`${hub.name} has no push key, so it cannot be a hub.`);
  }
}

function invalid(message: string): MasterError {
  return new MasterError('invalid', message);
}
