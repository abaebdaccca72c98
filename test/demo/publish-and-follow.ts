import { setTimeout as delay } from 'node:timers/promises';
import type { Published } from '../harness/master.ts';
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
  const before = await newestSerial(network, archive);
  const publishing = network.master.publish(archive, '--wait', '100%', '--timeout', '90s');
  let done = false;
  const settled = publishing.then(
    () => (done = true),
    () => (done = true),
  );
  while (!done) {
    signal.throwIfAborted();
    const serial = await newestSerial(network, archive);
    if (serial !== undefined && serial !== before)
      table.update(await rowsOf(network, archive, serial));
    await Promise.race([delay(EVERY_MS), settled]);
  }
  const serial = await newestSerial(network, archive);
  if (serial !== undefined) table.update(await rowsOf(network, archive, serial));
  table.finish();
  return publishing;
}

async function newestSerial(network: Network, archive: string): Promise<number | undefined> {
  return (await network.master.releases(archive))[0]?.serial;
}

async function rowsOf(network: Network, archive: string, serial: number): Promise<Row[]> {
  const pushes = await network.master.pushes(archive, serial);
  return network.mirrors.map(({ name }): Row => {
    const push = pushes.find(({ mirror }) => mirror === name);
    const upstream = network.upstreamOf(name);
    return {
      mirror: name,
      tier: upstream === undefined ? 1 : 2,
      upstream: upstream?.name ?? 'master',
      state: push?.state ?? '-',
      serial,
      bytes: undefined,
      seconds: undefined,
      reason: push?.reason ?? undefined,
    };
  });
}
