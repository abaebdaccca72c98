import { createPullGate, type PullGate, type PullVerdict } from '@pushmirror/trigger';
import type { PushKey } from '../db/pushes.ts';
import type { PushRow } from '../db/schema.ts';
import { nameOf } from './outgoing.ts';
import { slotsOf } from './slots.ts';
import type { View } from './view.ts';

/** The slots of all upstreams, kept in step with the rows of pushes. */
export interface SlotKeeper {
  gate: PullGate;
  /** Pushes changed, or are as they were found at the start. */
  moved(pushes: readonly PushRow[]): void;
  /** A mirror asks whether it may pull. */
  ask(key: PushKey): PullVerdict;
  /** Those that wait for a slot and whose rows do not say so yet; each is given once. */
  newlyWaiting(): { key: PushKey; upstream: string }[];
}

export interface SlotKeeperOptions {
  timeoutMs: number;
  /** Of the master itself; 64. */
  ofMaster?: number;
  now: () => Date;
  view: () => View;
  pullsFrom: (mirror: string, archive: string) => string;
}

export function createSlotKeeper(o: SlotKeeperOptions): SlotKeeper {
  const { now, timeoutMs } = o;
  const limitOf = (upstream: string) => {
    const { byName, tree } = o.view();
    return slotsOf(byName.get(upstream), tree, o.ofMaster);
  };
  const gate = createPullGate({ limitOf, timeoutMs, now });
  let said = new Set<string>();

  const requestOf = (key: PushKey) => ({
    key: nameOf(key),
    upstream: o.pullsFrom(key.mirror, key.archive),
    mirror: key.mirror,
    priority: 'healthy' as const,
  });

  function follow(row: PushRow): void {
    // A stock mirror never says that it is done, so it holds no slot.
    const reports = o.view().byName.get(row.mirror)?.kind === 'agent';
    switch (row.state) {
      case 'accepted': {
        if (!reports || row.quarantined === 1) return gate.leave(nameOf(row));
        return gate.holds(requestOf(row), new Date(row.accepted_at ?? now()));
      }
      case 'staged':
      case 'committed':
      case 'refused':
      case 'given-up':
      case 'superseded':
        return gate.leave(nameOf(row));
      case 'waiting':
      case 'sending':
      case 'unreachable':
        return undefined; // The fan-out takes and gives back these itself.
    }
  }

  return {
    gate,
    moved: (pushes) => pushes.forEach(follow),
    ask: (key) => gate.ask(requestOf(key)),
    newlyWaiting() {
      const waiting = gate.waiting();
      const fresh = waiting.filter(({ key }) => !said.has(key));
      said = new Set(waiting.map(({ key }) => key));
      return fresh.map(({ key, mirror, upstream }) => {
        const [, archive = '', serial = ''] = key.split(' ');
        return { key: { archive, serial: Number(serial), mirror }, upstream };
      });
    },
  };
}
