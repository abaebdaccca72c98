import { join } from 'node:path';
import { replaceFile } from '@pushmirror/host';
import {
  formatTrigger,
  isTerminal,
  parseHold,
  pushStates,
  type Downstream,
  type FanOut,
  type PushState,
  type SignedHold,
} from '@pushmirror/trigger';
import { z } from 'zod';
import { createMutex } from '../state/mutex.ts';
import { readJson, type OnCorrupt } from '../state/read-json.ts';
import { keyOf, type PushKey } from './push-key.ts';
import type { PushChange } from './relay.ts';
import { addressOf, targetOf } from './target.ts';

/** Passes the newest hold of one archive on to the downstreams, at once and whatever else goes on. */
export interface HoldRelay {
  /** Resolves when it is on disk to whom it goes, and on its way. */
  announce(signed: SignedHold): Promise<void>;
  /** The list of downstreams has changed, or we have just started. */
  refresh(): Promise<void>;
  onState(key: PushKey, change: PushChange): Promise<void>;
}

export interface HoldRelayOptions {
  archive: string;
  folder: string;
  onCorrupt: OnCorrupt;
  downstreams: () => readonly Downstream[];
  fanOut: Pick<FanOut, 'push' | 'cancel'>;
}

/** One hold on its way to one downstream. */
interface Telling {
  mirror: string;
  state: PushState;
  target: string;
}

const file = z.object({
  hold: z.string(),
  tellings: z.array(
    z.object({ mirror: z.string(), state: z.enum(pushStates), target: z.string() }),
  ),
});

export async function openHoldRelay(options: HoldRelayOptions): Promise<HoldRelay> {
  const { archive, fanOut } = options;
  const path = join(options.folder, `${archive}.hold.json`);
  const mutex = createMutex();
  const found = await readJson(path, file, options.onCorrupt);
  let signed = found && parseHold(Buffer.from(found.hold, 'utf8'));
  let tellings = new Map(found?.tellings.map((one) => [one.mirror, one]));
  const given = new Set<string>();

  async function sendAll(): Promise<void> {
    if (signed === undefined) return;
    // A stock mirror does not know holds: any word makes it sync.
    const agents = options.downstreams().filter(({ kind }) => kind === 'agent');
    const kept = new Map<string, Telling>();
    for (const downstream of agents) {
      const { name: mirror } = downstream;
      const target = addressOf(downstream);
      const known = tellings.get(mirror);
      const same = known?.target === target ? known : undefined;
      if (same === undefined) drop(mirror);
      kept.set(mirror, same ?? { mirror, state: 'waiting', target });
    }
    for (const mirror of tellings.keys()) if (!kept.has(mirror)) drop(mirror);
    tellings = kept;
    await save();
    const command = formatTrigger({ archive, hold: signed });
    for (const downstream of agents) {
      const { name: mirror } = downstream;
      const telling = tellings.get(mirror);
      if (telling === undefined || isDone(telling.state) || given.has(mirror)) continue;
      given.add(mirror);
      const key = keyFor(mirror);
      fanOut.push({ key, target: targetOf(downstream), command, attempts: 0, priority: 'urgent' });
    }
  }

  function drop(mirror: string): void {
    if (given.delete(mirror)) fanOut.cancel(keyFor(mirror));
  }

  function keyFor(mirror: string): string {
    const { epoch = 0, sequence = 0 } = signed?.hold ?? {};
    return keyOf({ archive, epoch, serial: sequence, mirror, word: 'hold' });
  }

  async function save(): Promise<void> {
    if (signed === undefined) return;
    const text = { hold: signed.bytes.toString('utf8'), tellings: [...tellings.values()] };
    await replaceFile(path, `${JSON.stringify(text)}\n`, 0o600);
  }

  return {
    announce: (hold) =>
      mutex(async () => {
        if (signed?.bytes.equals(hold.bytes) !== true) {
          for (const mirror of tellings.keys()) drop(mirror);
          tellings.clear();
          signed = hold;
        }
        await sendAll();
      }),
    refresh: () => mutex(sendAll),
    onState: ({ epoch, serial, mirror }, { state }) =>
      mutex(async () => {
        const telling = tellings.get(mirror);
        const current = signed?.hold.epoch === epoch && signed.hold.sequence === serial;
        if (!current || telling === undefined) return;
        telling.state = state;
        if (isDone(state)) {
          given.delete(mirror);
          await save();
        }
      }),
  };
}

function isDone(state: PushState): boolean {
  return isTerminal(state) || state === 'accepted';
}
