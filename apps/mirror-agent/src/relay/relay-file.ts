import { join } from 'node:path';
import { replaceFile } from '@pushmirror/host';
import {
  isTerminal,
  parseHead,
  pushStates,
  type PushState,
  type SignedHead,
} from '@pushmirror/trigger';
import { z } from 'zod';
import { createBatch } from '../state/batch.ts';
import { readJson, type OnCorrupt } from '../state/read-json.ts';
import { phases, words, type Phase, type Word } from './word.ts';

/** One head on its way to one downstream. */
export interface Push {
  mirror: string;
  /** What it is told with the head; `state` is that of telling it this. */
  word: Word;
  state: PushState;
  attempts: number;
  /** When the first attempt left; long enough after that it is given up. */
  firstAttemptAt?: Date | undefined;
  /** Of one that did not get through: when it is tried again. */
  nextAttemptAt?: Date | undefined;
  /** Where it goes: when the master changes that, a push that failed is worth another try. */
  target: string;
  /** Since when it may pull from us; undefined when it holds no slot. */
  slotSince?: Date | undefined;
  reason?: string | undefined;
}

/** A head, and its pushes to all downstreams of the archive. */
export interface Relayed {
  signed: SignedHead;
  phase: Phase;
  pushes: Map<string, Push>;
}

/** For a hub a push is done when the downstream has taken the head: it reports the rest itself. */
export function isDone(state: PushState): boolean {
  return isTerminal(state) || state === 'accepted' || state === 'staged';
}

const time = z.iso
  .datetime()
  .transform((text) => new Date(text))
  .optional();

const file = z.object({
  head: z.string(),
  phase: z.enum(phases).prefault('committed'),
  pushes: z.array(
    z.object({
      mirror: z.string(),
      word: z.enum(words).prefault('all'),
      state: z.enum(pushStates),
      attempts: z.int().min(0),
      firstAttemptAt: time,
      nextAttemptAt: time,
      target: z.string(),
      slotSince: time,
      reason: z.string().optional(),
    }),
  ),
});

/** Keeps one archive's `Relayed` on disk. */
export interface RelayFile {
  read(): Promise<Relayed | undefined>;
  /** Resolves when what is in memory now is on the disk. */
  save(relayed: Relayed): Promise<void>;
}

export function createRelayFile(folder: string, archive: string, onCorrupt: OnCorrupt): RelayFile {
  const path = join(folder, `${archive}.json`);
  return {
    async read() {
      const schema = file.transform(({ head, phase, pushes }): Relayed => ({
        phase,
        signed: parseHead(Buffer.from(head, 'utf8')),
        pushes: new Map(pushes.map((push) => [push.mirror, push])),
      }));
      return readJson(path, schema, onCorrupt);
    },
    save: createBatch(async (versions: readonly Relayed[]) => {
      const relayed = versions.at(-1);
      if (relayed === undefined) return;
      const head = relayed.signed.bytes.toString('utf8');
      const { phase, pushes } = relayed;
      const text = JSON.stringify({ head, phase, pushes: [...pushes.values()] });
      await replaceFile(path, `${text}\n`, 0o600);
    }),
  };
}
