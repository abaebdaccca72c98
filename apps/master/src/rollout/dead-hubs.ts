import { appendAudit } from '../db/audit.ts';
import type { Db } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { findPush } from '../db/pushes.ts';
import { findRelease } from '../db/releases.ts';
import type { MirrorArchiveRow, PushRow } from '../db/schema.ts';
import { pushesOfHubs, takeOverPushes } from '../db/takeovers.ts';
import { MASTER } from '../registry/tree.ts';
import { adopterOf, failingSinceAfter, whyDead } from './takeover.ts';
import { BY_MASTER } from './tend-quarantine.ts';
import type { View } from './view.ts';

/** Which hubs do not do their work, for which archive. */
export interface DeadHubs {
  isDead(hub: string, archive: string): boolean;
  /**
   * It was heard of, or took a push: newly planned pushes are its own again. One whose syncs fail
   * was there all the time; it lives when a sync ends well.
   */
  revive(hub: string): void;
  /** Pushes changed: a hub that has one of its own in its tree does not fail any more. */
  moved(pushes: readonly PushRow[]): void;
  /** When it was last heard of, apart from its reports. */
  seen(hub: string, at: Date): void;
  /**
   * Look at the hubs that have pushes to send, and give those of dead ones to others. Returns what
   * changed.
   */
  takeOver(view: View): Promise<PushRow[]>;
}

export interface DeadHubsOptions {
  db: Db;
  patienceMs: number;
  now: () => Date;
  /** Told of each hub whose pushes of a release were given to another. */
  onTakeover: (
    of: { archive: string; serial: number; hub: string; by: string },
    why: string,
  ) => void;
}

const GOT_IT: ReadonlySet<PushRow['state']> = new Set(['staged', 'committed']);

export function createDeadHubs(o: DeadHubsOptions): DeadHubs {
  const { db, now, patienceMs } = o;
  /** The reason, by archive and hub. */
  const dead = new Map<string, string>();
  const seenAt = new Map<string, Date>();
  /** Since when its syncs fail, by archive and hub. */
  const failing = new Map<string, Date>();
  const nameOf = (hub: string, archive: string) => `${archive} ${hub}`;
  const isDead = (hub: string, archive: string) => dead.has(nameOf(hub, archive));

  async function judge(group: Group, claims: Claims): Promise<string | undefined> {
    const { archive, serial, hub } = group;
    const known = dead.get(nameOf(hub, archive));
    if (known !== undefined) return known;
    const release = await findRelease(db, archive, serial);
    if (release === undefined) return undefined;
    const own = await findPush(db, { archive, serial, mirror: hub });
    const claim = claims.get(nameOf(hub, archive));
    const seen = latest(seenAt.get(hub), claim?.heard_at);
    const below = group.pushes;
    const failingSince = failing.get(nameOf(hub, archive));
    const hubNow = { name: hub, own, release, below, seenAt: seen, observed: claim, failingSince };
    return whyDead(hubNow, patienceMs, now());
  }

  /** Of the hubs that have pushes to send, and of those whose syncs failed the last time. */
  function learnFailures(groups: readonly Group[], claims: Claims): void {
    const names = groups.map(({ hub, archive }) => nameOf(hub, archive));
    for (const name of new Set([...names, ...failing.keys()])) {
      const claim = claims.get(name);
      const since = claim && failingSinceAfter(failing.get(name), claim, patienceMs, now());
      if (since !== undefined) failing.set(name, since);
      else if (failing.delete(name)) dead.delete(name);
    }
  }

  async function giveAway(group: Group, why: string, view: View): Promise<PushRow[]> {
    const { archive, serial, hub } = group;
    const isLive = (mirror: string) => {
      const row = view.byName.get(mirror);
      const able = row?.kind === 'agent' && row.state === 'active' && row.push_key !== null;
      return able && row.quarantined_at === null && !isDead(mirror, archive);
    };
    const sender = adopterOf(hub, view.tree, isLive);
    const reason = `${why}; ${sender === MASTER ? 'the master' : sender} sends in its place.`;
    const moved = await db.transaction().execute(async (trx) => {
      const at = now();
      const by = { sender, reason, at: at.toISOString() };
      const rows = await takeOverPushes(trx, { archive, serial, hub }, by);
      const detail = { archive, serial, sender, reason, pushes: rows.length };
      if (rows.length > 0) {
        await appendAudit(trx, at, BY_MASTER, { action: 'takeover', subject: hub, detail });
      }
      return rows;
    });
    if (moved.length > 0) o.onTakeover({ archive, serial, hub, by: sender }, why);
    return moved;
  }

  return {
    isDead,
    revive(hub) {
      for (const name of dead.keys()) {
        if (name.endsWith(` ${hub}`) && !failing.has(name)) dead.delete(name);
      }
    },
    moved(pushes) {
      for (const { mirror, archive, state } of pushes) {
        const name = nameOf(mirror, archive);
        if (GOT_IT.has(state) && failing.delete(name)) dead.delete(name);
      }
    },
    seen: (hub, at) => void seenAt.set(hub, at),
    async takeOver(view) {
      const groups = groupsOf(await pushesOfHubs(db, MASTER));
      if (groups.length === 0 && failing.size === 0) return [];
      const claims: Claims = new Map(
        (await listOptIns(db)).map((row) => [nameOf(row.mirror, row.archive), row]),
      );
      learnFailures(groups, claims);
      const found: [Group, string][] = [];
      for (const group of groups) {
        const why = await judge(group, claims);
        if (why === undefined) continue;
        dead.set(nameOf(group.hub, group.archive), why);
        found.push([group, why]);
      }
      const moved: PushRow[] = [];
      for (const [group, why] of found) moved.push(...(await giveAway(group, why, view)));
      return moved;
    },
  };
}

type Claims = ReadonlyMap<string, MirrorArchiveRow>;

/** The pushes of one release that one hub is to send. */
interface Group {
  archive: string;
  serial: number;
  hub: string;
  pushes: PushRow[];
}

function groupsOf(rows: readonly PushRow[]): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const { archive, serial, sender: hub } = row;
    const name = `${archive} ${serial} ${hub}`;
    const group = groups.get(name) ?? { archive, serial, hub, pushes: [] };
    group.pushes.push(row);
    groups.set(name, group);
  }
  return [...groups.values()];
}

function latest(a: Date | undefined, b: string | null | undefined): Date | undefined {
  const other = typeof b === 'string' ? new Date(b) : undefined;
  if (a === undefined || other === undefined) return a ?? other;
  return a > other ? a : other;
}
