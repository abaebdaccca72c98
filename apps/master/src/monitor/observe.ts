import pLimit from 'p-limit';
import { NetError } from '@pushmirror/net';
import type { AllowedSigner } from '@pushmirror/trigger/head/allowed-signers';
import { vetHead } from '@pushmirror/trigger/receive/vet';
import { findMirror } from '../db/mirrors.ts';
import { noteObserved } from '../db/observations.ts';
import type { Db } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import type { PushRow } from '../db/schema.ts';
import { MasterError } from '../errors.ts';
import { publicAddress } from './public-address.ts';
import type { HeadReader } from './read-public-head.ts';

/** What was seen at a mirror's public address. */
export interface Observation {
  /** The serial of the head there; null when no believable one was seen. */
  serial: number | null;
  /** Why not. */
  reason: string | null;
}

/** Looks at mirrors from outside. What it sees never mixes with what they say of themselves. */
export interface Observer {
  /**
   * Look, now, and write down what was seen. Undefined when the mirror has no public address. One
   * look at a mirror at a time: who asks meanwhile gets its result.
   */
  look(mirror: string, archive: string): Promise<Observation | undefined>;
  /** Mirrors say that they committed: see whether it shows. */
  committed(pushes: readonly PushRow[]): void;
  /** Breaks off what is under way; nothing is looked at after this. */
  close(): Promise<void>;
}

export interface ObserverOptions {
  db: Db;
  network: string;
  signers: () => AllowedSigner[];
  reader: HeadReader;
  now: () => Date;
  /** Looks at once. */
  concurrency?: number;
  /** Told of the pushes that were seen at the mirror for the first time. */
  onSeen: (pushes: readonly PushRow[]) => void;
  onTrouble: (error: unknown) => void;
}

const CONCURRENCY = 16;
/** Looks in the queue; what is above is left to the next time. */
const QUEUE = 20_000;

export function createObserver(o: ObserverOptions): Observer {
  const limit = pLimit(o.concurrency ?? CONCURRENCY);
  const underway = new Map<string, Promise<Observation | undefined>>();
  const stopping = new AbortController();

  const lookNow = async (name: string, archive: string): Promise<Observation | undefined> => {
    if (stopping.signal.aborted) return undefined;
    const mirror = await findMirror(o.db, name);
    const carried = (await listOptIns(o.db, { mirror: name })).map((row) => row.archive);
    const address = mirror && publicAddress(mirror, archive, carried);
    if (address === undefined) return undefined;
    const seen = await read(o, address, archive, stopping.signal);
    if (stopping.signal.aborted) return undefined;
    o.onSeen(await noteObserved(o.db, { mirror: name, archive }, seen, o.now()));
    return seen;
  };

  const look: Observer['look'] = (mirror, archive) => {
    const name = `${archive} ${mirror}`;
    const before = underway.get(name);
    if (before !== undefined) return before;
    const looking = limit(() => lookNow(mirror, archive)).finally(() => underway.delete(name));
    underway.set(name, looking);
    return looking;
  };

  return {
    look,
    committed(pushes) {
      for (const { mirror, archive, state } of pushes) {
        if (state !== 'committed' || underway.size >= QUEUE) continue;
        look(mirror, archive).catch(o.onTrouble);
      }
    },
    async close() {
      stopping.abort();
      await Promise.allSettled(underway.values());
    },
  };
}

async function read(
  o: ObserverOptions,
  address: Parameters<HeadReader['read']>[0],
  archive: string,
  signal: AbortSignal,
): Promise<Observation> {
  try {
    return judge(await o.reader.read(address, signal), archive, o);
  } catch (error) {
    if (error instanceof MasterError || error instanceof NetError)
      return { serial: null, reason: error.message };
    throw error;
  }
}

/** A head that has expired still says what is served there. */
function judge(bytes: Buffer, archive: string, o: ObserverOptions): Observation {
  const { network, now } = o;
  const vetted = vetHead(bytes, {
    network,
    archive,
    signers: o.signers(),
    carries: () => true,
    now: now(),
  });
  if (vetted.verdict === 'vetted') return { serial: vetted.signed.head.serial, reason: null };
  const serial = vetted.refusal === 'expired' ? (vetted.signed?.head.serial ?? null) : null;
  return { serial, reason: vetted.reason };
}
