import { setTimeout as delay } from 'node:timers/promises';
import type { Published, PushView, ReleaseView } from '../harness/master.ts';
import type { Network } from '../harness/network.ts';
import type { LiveTable, Row } from './live-table.ts';

const EVERY_MS = 150;

/** Publish, and show how each mirror moves until all have committed or the time is up. */
export async function publishAndFollow(
  network: Network,
  archive: string,
  table: LiveTable,
  signal: AbortSignal,
): Promise<Published> {
  const before = await newest(network, archive);
  const publishing = network.master.publish(archive, '--wait', '100%', '--timeout', '90s');
  let done = false;
  const settled = publishing.then(
    () => (done = true),
    () => (done = true),
  );
  while (!done) {
    signal.throwIfAborted();
    const release = await newest(network, archive);
    if (release !== undefined && release.serial !== before?.serial)
      table.update(await rowsOf(network, archive, release));
    await Promise.race([delay(EVERY_MS), settled]);
  }
  const release = await newest(network, archive);
  if (release !== undefined) table.update(await rowsOf(network, archive, release));
  table.finish();
  return publishing;
}

async function newest(network: Network, archive: string): Promise<ReleaseView | undefined> {
  return (await network.master.releases(archive))[0];
}

async function rowsOf(network: Network, archive: string, release: ReleaseView): Promise<Row[]> {
  const pushes = await network.master.pushes(archive, release.serial);
  return network.mirrors.map(({ name }): Row => {
    const push = pushes.find(({ mirror }) => mirror === name);
    const upstream = network.upstreamOf(name);
    return {
      mirror: name,
      tier: upstream === undefined ? 1 : 2,
      upstream: upstream?.name ?? 'master',
      state: push?.state ?? '-',
      serial: release.serial,
      seconds: secondsBetween(release.publishedAt, push?.committedAt),
      reason: reasonOf(push),
    };
  });
}

function secondsBetween(from: string, to: string | null | undefined): number | undefined {
  return to === null || to === undefined ? undefined : (Date.parse(to) - Date.parse(from)) / 1000;
}

/** Why a push is not getting through. What an agent said when it accepted one is no trouble. */
function reasonOf(push: PushView | undefined): string | undefined {
  if (push === undefined || push.reason === null) return undefined;
  return ['unreachable', 'refused', 'given-up'].includes(push.state) ? push.reason : undefined;
}
