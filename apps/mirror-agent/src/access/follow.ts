import { setTimeout as delay } from 'node:timers/promises';
import { replaceFile } from '@pushmirror/host';
import {
  accessResponse,
  LONGEST_ACCESS_WAIT_S,
  type AccessResponse,
  type Announcement,
} from '@pushmirror/trigger/access';
import type { MasterClient } from '../master-client.ts';
import { createMutex } from '../state/mutex.ts';
import { readJson, type OnCorrupt } from '../state/read-json.ts';
import type { Told } from './let-in.ts';

/** The rules for this mirror: the master's word, and our copy for when it is away. */
export interface Access {
  told(): Told;
  /** Ask once, and act by it; waits a few seconds at most. Never throws. */
  refresh(): Promise<void>;
  /** Keep asking, until the signal aborts. */
  start(): void;
  /** Resolves when the asking has ended. */
  ended(): Promise<void>;
}

export interface AccessOptions {
  /** Where the copy is. */
  path: string;
  master: MasterClient | undefined;
  /** Somebody pulls from us: changes must be heard of at once. */
  serves: boolean;
  /** What we say of ourselves, before we first ask. */
  announcement: Announcement | undefined;
  onCorrupt: OnCorrupt;
  onProblem: (reason: string) => void;
  /** Told of what was found on disk, and of each change; resolves when it is in force. */
  onChange: (told: AccessResponse) => Promise<void>;
  /** The digest of whom to push, as the master has it now. */
  onDownstreams: (digest: string) => void;
  random: () => number;
  signal: AbortSignal;
}

const LEAF_EVERY_MS = 5 * 60_000;
const REFRESH_WITHIN_MS = 3_000;
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export async function openAccess(o: AccessOptions): Promise<Access> {
  const { master, signal } = o;
  const mutex = createMutex();
  let told: Told = master === undefined ? 'none' : undefined;
  let asking: Promise<void> = Promise.resolve();
  let announcement = o.announcement;
  if (master !== undefined) {
    told = await readJson(o.path, accessResponse, o.onCorrupt);
    if (told !== undefined) await o.onChange(told);
  }

  /** True when the master answered. */
  async function ask(waitS: number): Promise<boolean> {
    if (master === undefined) return true;
    if (announcement !== undefined && !(await announce(master, announcement))) return false;
    const answer = await master.access(typeof told === 'object' ? told.digest : '', waitS);
    if (answer.kind === 'refused' && answer.status === 404) {
      told ??= 'none'; // A master of before there were rules.
      return true;
    }
    if (answer.kind !== 'ok') {
      if (!signal.aborted) o.onProblem(answer.reason);
      return false;
    }
    await mutex(() => takeOver(answer.value));
    o.onDownstreams(answer.value.downstreams);
    return true;
  }

  async function announce(to: MasterClient, said: Announcement): Promise<boolean> {
    const answer = await to.announce(said);
    const isOld = answer.kind === 'refused' && answer.status === 404;
    if (answer.kind === 'ok' && answer.value.held) {
      o.onProblem(
        'The master holds our new host key for rsync over SSH until somebody confirms it: mirror-master key confirm.',
      );
    } else if (answer.kind !== 'ok' && !isOld) {
      if (!signal.aborted) o.onProblem(answer.reason);
      if (answer.kind === 'away') return false;
    }
    announcement = undefined; // What is refused once is refused again, until somebody changes it.
    return true;
  }

  async function takeOver(value: AccessResponse): Promise<void> {
    if (typeof told === 'object' && told.digest === value.digest) return;
    try {
      await replaceFile(o.path, `${JSON.stringify(value)}\n`, 0o600);
    } catch (error) {
      o.onProblem(String(error)); // In force all the same; the copy is for when the master is away.
    }
    await o.onChange(value);
    told = value;
  }

  async function askForever(): Promise<void> {
    let pauseMs = SHORTEST_PAUSE_MS;
    while (!signal.aborted) {
      const answered = await ask(o.serves ? LONGEST_ACCESS_WAIT_S : 0).catch((error: unknown) => {
        o.onProblem(String(error));
        return false;
      });
      const ms = answered ? (o.serves && told !== 'none' ? 0 : LEAF_EVERY_MS) : pauseMs;
      pauseMs = answered ? SHORTEST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      // Even a master that answers at once is asked a few times a second at most.
      await delay(Math.max(250, ms * (0.75 + o.random() / 2)), undefined, { signal }).catch(
        () => {},
      );
    }
  }

  return {
    told: () => told,
    async refresh() {
      const waited = new AbortController();
      const asked = ask(0).catch((error: unknown) => o.onProblem(String(error)));
      const enough = delay(REFRESH_WITHIN_MS, undefined, { signal: waited.signal });
      await Promise.race([asked, enough.catch(() => {})]);
      waited.abort();
    },
    start() {
      asking = askForever();
    },
    ended: () => asking,
  };
}
