import { formatTrigger } from '@pushmirror/trigger/wire/trigger';
import type { SignedHold } from '@pushmirror/trigger';
import { toldOfHold } from '../db/holds.ts';
import type { DbOrTrx } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { openPushes } from '../db/pushes.ts';
import { MASTER } from '../registry/tree.ts';
import { nameOf, targetOf, type Outgoing } from './outgoing.ts';
import type { View } from './view.ts';

/**
 * A hold on its way to each mirror that the master itself pushes for this archive, also in place of
 * a dead hub, and that has not taken it yet. Hubs pass it on.
 */
export async function holdsToSend(
  db: DbOrTrx,
  view: View,
  { hold, bytes }: SignedHold,
): Promise<Outgoing[]> {
  const { archive, sequence } = hold;
  const told = new Set(await toldOfHold(db, { archive, sequence }));
  const optedIn = new Set((await listOptIns(db, { archive })).map(({ mirror }) => mirror));
  const adopted = await openPushes(db, { sender: MASTER, archive });
  const names = new Set([...view.direct, ...adopted.map(mirrorOf)].map(({ name }) => name));
  const command = formatTrigger({ archive, hold: { bytes } });
  return view.mirrors
    .filter(({ name, kind }) => kind === 'agent' && names.has(name) && optedIn.has(name))
    .filter(({ name }) => !told.has(name))
    .map((mirror) => {
      const about = { archive, serial: sequence, mirror: mirror.name };
      const key = nameOf(about, 'hold');
      const target = targetOf(mirror);
      return {
        kind: 'hold',
        about,
        push: { key, target, command, attempts: 0, priority: 'urgent' },
      };
    });
}

function mirrorOf({ mirror }: { mirror: string }): { name: string } {
  return { name: mirror };
}
