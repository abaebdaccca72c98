import type { TraceFile } from '@pushmirror/trace';
import { pauseAfter, type Backoff } from '@pushmirror/trigger/fan-out/backoff';
import pLimit from 'p-limit';
import type { Db } from '../../db/open.ts';
import { updateClaim } from '../../db/opt-ins.ts';
import { updatePush } from '../../db/pushes.ts';
import { openStockPushes, type StockPush } from '../../db/stock-pushes.ts';
import type { PushRow } from '../../db/schema.ts';
import type { HeadReader } from '../../monitor/read-public-head.ts';
import { MASTER } from '../../registry/tree.ts';
import type { Ledger } from '../ledger.ts';
import { judgeTrace, serialIn, traceWanted } from './judge-trace.ts';
import { readStanding } from './read-standing.ts';

/** Reads where stock ftpsync mirrors stand, since they do not report. */
export interface StockWatch {
  /** Look at all whose time it is, once. */
  round(): Promise<void>;
  /** These pushes changed: theirs are looked at with the next round. */
  moved(pushes: readonly PushRow[]): void;
  /** Break off what is under way. */
  close(): void;
}

export interface StockWatchOptions {
  db: Db;
  ledger: Ledger;
  /** Of trace files, at addresses that operators have named. */
  reader: HeadReader;
  /** Pauses between the pushes of a mirror whose trace file does not show the release. */
  backoff: Backoff;
  /** Between two looks at one mirror; doubled while nothing changes, up to a minute. */
  pauseMs: number;
  now: () => Date;
  random?: () => number;
  /** A push was begun anew. */
  onAgain: (push: PushRow) => Promise<void>;
  onTrouble: (error: unknown) => void;
}

const CONCURRENCY = 16;
const LONGEST_PAUSE_MS = 60_000;

/**
 * For every open push to a stock mirror: read its trace file, and note what that says. A mirror whose
 * ftpsync has ended without the release is told again, with growing pauses.
 */
export function createStockWatch(o: StockWatchOptions): StockWatch {
  const { db, now } = o;
  const random = o.random ?? Math.random;
  const limit = pLimit(CONCURRENCY);
  const stopping = new AbortController();
  /** When to look again, and how long to wait after that. */
  const looks = new Map<string, { at: number; pauseMs: number }>();

  async function look(push: StockPush): Promise<void> {
    const kind = traceWanted(push, push.release, push.belowStock);
    const found = kind && (await readStanding(o, push, kind, stopping.signal));
    if (kind === undefined || found === undefined || stopping.signal.aborted) return;
    const { trace } = found;
    if (trace !== undefined && kind === 'whole') await claim(push, trace);
    const state = trace === undefined ? undefined : judgeTrace(trace, kind, push);
    if (state !== undefined) await o.ledger.note(push, { state, at: now() });
    else await tellAgain(push, trace);
  }

  /** By its own word, as if it had reported it. */
  async function claim({ mirror, archive }: StockPush, trace: TraceFile): Promise<void> {
    const [serial, at] = [serialIn(trace), (trace.date ?? now()).toISOString()];
    if (serial < 0) return;
    const served = { served_serial: serial, served_at: at, said_serial: serial, said_at: at };
    const heard = { said_event: 'committed', heard_at: now().toISOString() };
    await updateClaim(db, { mirror, archive }, { ...served, ...heard });
  }

  /** Its ftpsync has ended, and the release is not there. A hub sees to its own downstreams. */
  async function tellAgain(push: StockPush, trace: TraceFile | undefined): Promise<void> {
    if (push.state !== 'accepted' || push.sender !== MASTER) return;
    const pause = pauseAfter(push.attempts, o.backoff, random);
    if (now().getTime() < Date.parse(push.updated_at) + pause) return;
    const shown = trace === undefined ? 'cannot be read' : `shows ${serialIn(trace)}`;
    const reason = `Its ftpsync has ended, and its trace file ${shown}: it is pushed again.`;
    const { release: _release, place: _place, belowStock: _below, ...row } = push;
    const again = { state: 'waiting' as const, reason, updated_at: now().toISOString() };
    await updatePush(db, push, again);
    await o.onAgain({ ...row, ...again });
  }

  async function lookInTime(push: StockPush): Promise<void> {
    if (stopping.signal.aborted) return;
    const pauseMs = looks.get(keyOf(push))?.pauseMs ?? o.pauseMs;
    const next = Math.min(pauseMs * 2, Math.max(LONGEST_PAUSE_MS, o.pauseMs));
    looks.set(keyOf(push), { at: now().getTime() + pauseMs, pauseMs: next });
    await look(push).catch(o.onTrouble);
  }

  return {
    async round() {
      const open = await openStockPushes(db);
      const names = new Set(open.map(keyOf));
      for (const name of looks.keys()) if (!names.has(name)) looks.delete(name);
      const at = now().getTime();
      const due = open.filter((push) => (looks.get(keyOf(push))?.at ?? 0) <= at);
      await Promise.all(due.map((push) => limit(() => lookInTime(push))));
    },
    moved(pushes) {
      for (const push of pushes) looks.delete(keyOf(push));
    },
    close: () => stopping.abort(),
  };
}

function keyOf({ archive, serial, mirror }: PushRow): string {
  return `${archive} ${serial} ${mirror}`;
}
