import { createHash } from 'node:crypto';
import type { Downstream } from '@pushmirror/trigger';
import { allowedNews } from '../access/allowed-news.ts';
import type { DbOrTrx } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import type { MirrorRow } from '../db/schema.ts';
import { adoptedBy } from '../db/takeovers.ts';
import { isStanding } from '../rollout/outgoing.ts';
import { slotsOf } from '../rollout/slots.ts';
import { stockOf } from './stock.ts';
import { readView, type View } from '../rollout/view.ts';

/** The mirrors that a hub pushes, and a digest that changes whenever the list does. */
export interface Downstreams {
  digest: string;
  downstreams: Downstream[];
  /** How many of them may pull from the hub at once. */
  slots: number;
  /** Seconds after which a slot is free again, whatever became of its mirror. */
  slotTimeout: number;
}

/**
 * What a hub is told about its downstreams: where they are, and which archives they want. Those of
 * a dead hub below it are among them, for as long as they have not taken what it would have sent.
 */
export async function downstreamsOf(
  db: DbOrTrx,
  hub: string,
  slotTimeoutMs: number,
): Promise<Downstreams> {
  const view = await readView(db);
  const adopted = await adoptedBy(db, hub);
  const names = new Set(adopted.map(({ mirror }) => mirror));
  const mine = view.mirrors.filter(
    ({ name, state }) =>
      state === 'active' && (view.tree.senderOf(name) === hub || names.has(name)),
  );
  const downstreams = mine.length === 0 ? [] : await withArchives(db, mine, view);
  const slots = slotsOf(view.byName.get(hub), view.tree);
  const told = { downstreams, slots, slotTimeout: slotTimeoutMs / 1000 };
  const digest = createHash('sha256').update(JSON.stringify(told)).digest('hex');
  return { digest, ...told };
}

async function withArchives(
  db: DbOrTrx,
  mirrors: readonly MirrorRow[],
  { tree }: View,
): Promise<Downstream[]> {
  const wanted = new Map<string, string[]>();
  for (const { mirror, archive } of await allowedNews(db, await listOptIns(db))) {
    wanted.set(mirror, [...(wanted.get(mirror) ?? []), archive]);
  }
  return mirrors.map((mirror) => ({
    name: mirror.name,
    kind: mirror.kind,
    host: mirror.ssh_host,
    port: mirror.ssh_port,
    user: mirror.ssh_user,
    hostKey: mirror.host_key,
    archives: wanted.get(mirror.name) ?? [],
    standing: isStanding(mirror),
    hub: tree.descendants(mirror.name) > 0,
    ...(mirror.quarantined_at === null ? {} : { quarantined: true }),
    ...stockPart(mirror),
  }));
}

function stockPart(mirror: MirrorRow): Pick<Downstream, 'stock'> {
  const stock = stockOf(mirror);
  if (stock === undefined) return {};
  const { push, callback, names } = stock;
  return { stock: { push, callback, names } };
}
