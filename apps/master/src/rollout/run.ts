import { createFanOut, type FanOutOptions } from '@pushmirror/trigger/fan-out/fan-out';
import type { Push } from '@pushmirror/trigger/fan-out/push';
import { formatTrigger } from '@pushmirror/trigger/wire/trigger';
import { listMirrors } from '../db/mirrors.ts';
import type { Db } from '../db/open.ts';
import { openPushes, type PushKey } from '../db/pushes.ts';
import { findRelease } from '../db/releases.ts';
import type { MirrorRow, PushRow, ReleaseRow } from '../db/schema.ts';
import { MASTER, treeOf } from '../registry/tree.ts';
import type { Ledger } from './ledger.ts';
import { priorityIn } from './plan.ts';
import type { PushNews } from './state.ts';
import { unheardReason } from './unheard.ts';

/** Sends what the database says is to be sent; holds nothing that the database does not. */
export interface RolloutEngine {
  /**
   * Take up every open push of the master's own, of one archive or of all: those that are new, and
   * after a start those that were left. What a newer release took over is no longer sent.
   */
  resume(archive?: string): Promise<void>;
  /** The head was issued anew: what is still to be sent goes with the new one. */
  refresh(archive: string): Promise<void>;
  /** Nothing more need be sent for these. */
  end(pushes: readonly PushKey[]): void;
  /** Give up the pushes that nobody has spoken of for too long. */
  sweep(): Promise<void>;
  /** Break off what is under way; the next start carries on with it. */
  close(): Promise<void>;
}

export interface EngineOptions extends Required<
  Pick<
    FanOutOptions,
    'sender' | 'concurrency' | 'attemptDeadlineMs' | 'backoff' | 'giveUpAfterMs' | 'now'
  >
> {
  db: Db;
  ledger: Ledger;
  /** Told of each state that was written, for the log. */
  onNews: (key: PushKey, news: PushNews) => void;
  /** Told when a state could not be written; it is tried again. */
  onTrouble: (key: PushKey, error: unknown) => void;
}

export function createRolloutEngine(o: EngineOptions): RolloutEngine {
  const { db, ledger, onNews, onTrouble, ...settings } = o;
  /** What has been handed to the fan-out and may still be on its way. */
  const underway = new Map<string, PushKey>();
  const fanOut = createFanOut({
    ...settings,
    onState: async ({ key }, news) => {
      await ledger.note(keyOf(key), news);
      onNews(keyOf(key), news);
      if (news.state !== 'sending' && news.state !== 'unreachable') underway.delete(key);
    },
    onStateFailed: ({ key }, error) => onTrouble(keyOf(key), error),
  });

  const cancelWhere = (wanted: (key: PushKey) => boolean) => {
    for (const [name, key] of underway) {
      if (!wanted(key)) continue;
      underway.delete(name);
      fanOut.cancel(name);
    }
  };

  const resume = async (archive?: string) => {
    const of = archive === undefined ? {} : { archive };
    const rows = (await openPushes(db, { sender: MASTER, ...of })).filter(isToSend);
    const names = new Set(rows.map(nameOf));
    cancelWhere((key) => (archive ?? key.archive) === key.archive && !names.has(nameOf(key)));
    const mirrors = await listMirrors(db);
    const byName = new Map(mirrors.map((mirror) => [mirror.name, mirror]));
    const priorityOf = priorityIn(treeOf(mirrors));
    const commandOf = commands(db);
    for (const row of rows) {
      const mirror = byName.get(row.mirror);
      const command = await commandOf(row);
      if (mirror === undefined || command === undefined) continue;
      const push = pushOf(row, mirror, command, priorityOf(row.mirror));
      if (fanOut.push(push)) underway.set(push.key, keyOf(push.key));
    }
  };

  return {
    resume,
    async refresh(archive) {
      cancelWhere((key) => key.archive === archive);
      await resume(archive);
    },
    end(pushes) {
      const names = new Set(pushes.map(nameOf));
      cancelWhere((key) => names.has(nameOf(key)));
    },
    async sweep() {
      const at = o.now();
      const untouchedSince = new Date(at.getTime() - o.giveUpAfterMs).toISOString();
      for (const row of await openPushes(db, { untouchedSince })) {
        const reason = unheardReason(row, o.giveUpAfterMs);
        if (reason !== undefined) await ledger.note(row, { state: 'given-up', reason, at });
      }
    },
    close: () => fanOut.close(),
  };
}

/** The fan-out's name of a push. None of its parts has a blank. */
export function nameOf(key: PushKey): string {
  return `${key.archive} ${key.serial} ${key.mirror}`;
}

/** The push that a name means. */
export function keyOf(name: string): PushKey {
  const [archive = '', serial = '', mirror = ''] = name.split(' ');
  return { archive, serial: Number(serial), mirror };
}

function isToSend({ state }: PushRow): boolean {
  return state === 'waiting' || state === 'sending' || state === 'unreachable';
}

/** The trigger of each release, read once. */
function commands(db: Db): (row: PushRow) => Promise<string | undefined> {
  const known = new Map<string, Promise<ReleaseRow | undefined>>();
  return async ({ archive, serial }) => {
    const name = `${archive} ${serial}`;
    const release = known.get(name) ?? findRelease(db, archive, serial);
    known.set(name, release);
    const head = (await release)?.head;
    if (head === undefined) return undefined;
    return formatTrigger({ archive, words: ['all'], head: { bytes: Buffer.from(head, 'latin1') } });
  };
}

function pushOf(
  row: PushRow,
  mirror: MirrorRow,
  command: string,
  priority: 'hub' | 'healthy',
): Push {
  return {
    key: nameOf(row),
    target: {
      mirror: mirror.name,
      host: mirror.ssh_host,
      port: mirror.ssh_port,
      user: mirror.ssh_user,
      hostKey: mirror.host_key,
      kind: mirror.kind,
    },
    command,
    attempts: row.attempts,
    priority,
    ...(row.sent_at === null ? {} : { firstAttemptAt: new Date(row.sent_at) }),
    ...(row.next_attempt_at === null ? {} : { notBefore: new Date(row.next_attempt_at) }),
  };
}
