import type { Push } from '@pushmirror/trigger/fan-out/push';
import { formatStockTrigger } from '@pushmirror/trigger/wire/stock';
import { formatTrigger } from '@pushmirror/trigger/wire/trigger';
import type { PushTarget } from '@pushmirror/trigger/send/sender';
import type { Db } from '../db/open.ts';
import { findPush, openPushes, type PushKey } from '../db/pushes.ts';
import { findRelease } from '../db/releases.ts';
import type { MirrorRow, PushRow, ReleaseRow } from '../db/schema.ts';
import { stockOf } from '../registry/stock.ts';
import { MASTER } from '../registry/tree.ts';
import { priorityOf } from './priority.ts';
import { PROBE_EVERY_MS } from './quarantine.ts';
import { mayTell, type Above } from './stock/may-tell.ts';
import { whatToSend, type Hearer, type Word } from './to-send.ts';
import type { View } from './view.ts';

/** Something that the master sends to a mirror. */
export interface Outgoing {
  /** `head`: the push itself; `commit`: its `stage2`; `hold`: not of a push. */
  kind: 'head' | 'commit' | 'hold';
  /** Of a hold, `serial` is its sequence. */
  about: PushKey;
  push: Push;
}

/** What the rows do not say. */
export interface OutgoingNeeds {
  view: View;
  now: () => Date;
  /** False for a mirror whose last attempt failed. */
  wasReached: (mirror: string) => boolean;
  /** Where the mirror pulls from now. */
  pullsFrom: (mirror: MirrorRow, archive: string) => string;
  /** When a mirror in quarantine may be tried next. */
  nextProbe: (mirror: string) => Date;
  /** So long those below a stock mirror are left to its runmirrors. */
  runmirrorsPatienceMs: number;
}

/** A push that waits for the stock mirror above its own. */
export interface Held {
  row: PushRow;
  /** The stock mirror that it waits for. */
  upstream: string;
  why: string;
  /** When to look again, if nothing moves before. */
  until: Date;
}

/** Everything that the rows say the master is to send now, of one archive or of all. */
export async function readOutgoing(
  db: Db,
  needs: OutgoingNeeds,
  archive?: string,
): Promise<{ outgoing: Outgoing[]; held: Held[] }> {
  const of = archive === undefined ? {} : { archive };
  const rows = await openPushes(db, { sender: MASTER, ...of });
  const releases = new Map<string, ReleaseRow | undefined>();
  const outgoing: Outgoing[] = [];
  const held: Held[] = [];
  const above = createAbove(db, needs.view);
  for (const row of rows) {
    const name = `${row.archive} ${row.serial}`;
    if (!releases.has(name)) releases.set(name, await findRelease(db, row.archive, row.serial));
    const release = releases.get(name);
    const mirror = needs.view.byName.get(row.mirror);
    if (release === undefined || mirror === undefined) continue;
    const hearer = hearerOf(mirror);
    const word = whatToSend(row, release, hearer);
    if (word === undefined) continue;
    const upstream = await above(mirror, release);
    const told = mayTell(word, hearer, upstream, needs.runmirrorsPatienceMs, needs.now());
    if (told.may) outgoing.push(outgoingOf(row, release, mirror, word, needs));
    else held.push({ row, upstream: mirror.upstream ?? '', ...told });
  }
  return { outgoing, held };
}

/** Finds the push of the stock mirror that a mirror pulls from; undefined where it is none. */
function createAbove(db: Db, { byName }: View) {
  const found = new Map<string, Promise<PushRow | undefined>>();
  return async (mirror: MirrorRow, release: ReleaseRow): Promise<Above | undefined> => {
    const upstream = byName.get(mirror.upstream ?? '');
    const stock = upstream && stockOf(upstream);
    if (upstream === undefined || stock === undefined || upstream.state !== 'active') return;
    const key = { archive: release.archive, serial: release.serial, mirror: upstream.name };
    const name = nameOf(key);
    if (!found.has(name)) found.set(name, findPush(db, key));
    const push = await found.get(name);
    if (push === undefined) return undefined;
    const isIdle = whatToSend(push, release, hearerOf(upstream)) === undefined;
    return { push, isIdle, runmirrors: stock.runmirrors };
  };
}

/** The fan-out's name of a push. */
export function nameOf(key: PushKey, kind: Outgoing['kind'] = 'head'): string {
  return `${kind} ${key.archive} ${key.serial} ${key.mirror}`;
}

/** Where a mirror is pushed. */
export function targetOf(mirror: MirrorRow): PushTarget {
  return {
    mirror: mirror.name,
    host: mirror.ssh_host,
    port: mirror.ssh_port,
    user: mirror.ssh_user,
    hostKey: mirror.host_key,
    kind: mirror.kind,
    standing: isStanding(mirror),
  };
}

/** A connection may be kept open to it. Nobody keeps knocking at one in quarantine. */
export function isStanding(mirror: MirrorRow): boolean {
  return mirror.standing === 1 && mirror.kind === 'agent' && mirror.quarantined_at === null;
}

/** How a mirror takes what it is sent. */
export function hearerOf(mirror: Pick<MirrorRow, 'name' | 'kind' | 'stock'>): Hearer {
  const stock = stockOf(mirror);
  if (stock === undefined) return 'agent';
  return stock.push === 'all' ? 'stock' : 'staged stock';
}

function outgoingOf(
  row: PushRow,
  release: ReleaseRow,
  mirror: MirrorRow,
  word: Word,
  needs: OutgoingNeeds,
): Outgoing {
  const { archive, serial } = row;
  const kind = word === 'stage2' ? 'commit' : 'head';
  const head = { bytes: Buffer.from(release.head, 'latin1') };
  const { tree } = needs.view;
  const stock = stockOf(mirror);
  const command =
    stock === undefined
      ? formatTrigger({ archive, words: [word], head })
      : formatStockTrigger(archive, word, head, stock);
  return {
    kind,
    about: { archive, serial, mirror: mirror.name },
    push: {
      key: nameOf(row, kind),
      target: targetOf(mirror),
      command,
      priority: priorityOf(row, release, tree, needs.wasReached(mirror.name)),
      ...(kind === 'commit' ? commitTimes(row) : headTimes(row, release, mirror, needs)),
    },
  };
}

function commitTimes({ commit_attempts: attempts, commit_next_attempt_at: at }: PushRow) {
  return { attempts, ...(at === null ? {} : { notBefore: new Date(at) }) };
}

function headTimes(row: PushRow, release: ReleaseRow, mirror: MirrorRow, needs: OutgoingNeeds) {
  const { attempts, sent_at: sentAt, next_attempt_at: nextAt } = row;
  const first = sentAt === null ? {} : { firstAttemptAt: new Date(sentAt) };
  if (row.quarantined === 1) {
    const backoff = { minMs: PROBE_EVERY_MS, maxMs: PROBE_EVERY_MS, factor: 1 };
    const notBefore = nextAt === null ? needs.nextProbe(row.mirror) : new Date(nextAt);
    return { attempts, ...first, notBefore, backoff };
  }
  const slot = release.urgent === 1 ? {} : { upstream: needs.pullsFrom(mirror, row.archive) };
  const notBefore = nextAt === null ? {} : { notBefore: new Date(nextAt) };
  return { attempts, ...first, ...notBefore, ...slot };
}
