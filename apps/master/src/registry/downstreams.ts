import { createHash } from 'node:crypto';
import type { Downstream } from '@pushmirror/trigger';
import { listMirrors } from '../db/mirrors.ts';
import type { DbOrTrx } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import type { MirrorRow } from '../db/schema.ts';
import { treeOf } from './tree.ts';

/** The mirrors that a hub pushes, and a digest that changes whenever the list does. */
export interface Downstreams {
  digest: string;
  downstreams: Downstream[];
}

/** What a hub is told about its downstreams: where they are, and which archives they want. */
export async function downstreamsOf(db: DbOrTrx, hub: string): Promise<Downstreams> {
  const mirrors = await listMirrors(db);
  const tree = treeOf(mirrors);
  const mine = mirrors.filter(
    (mirror) => mirror.state === 'active' && tree.senderOf(mirror.name) === hub,
  );
  const downstreams = mine.length === 0 ? [] : await withArchives(db, mine);
  const digest = createHash('sha256').update(JSON.stringify(downstreams)).digest('hex');
  return { digest, downstreams };
}

async function withArchives(db: DbOrTrx, mirrors: readonly MirrorRow[]): Promise<Downstream[]> {
  const wanted = new Map<string, string[]>();
  for (const { mirror, archive } of await listOptIns(db)) {
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
  }));
}
