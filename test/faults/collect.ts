import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Network } from '../harness/network.ts';

/**
 * Copy what a run is judged by, after all has stopped: `master/` with its database and log,
 * `tree/`, and `mirrors/NAME/` with `state/`, `tree/` and the log.
 */
export async function collect(network: Network, archive: string, folder: string): Promise<void> {
  const { master } = network;
  await cp(join(master.folder, 'state'), join(folder, 'master/state'), plainFiles);
  await cp(join(master.folder, 'master.log'), join(folder, 'master/master.log'));
  await cp(network.tree(archive), join(folder, 'tree'), plainFiles);
  for (const mirror of network.mirrors) {
    const to = join(folder, 'mirrors', mirror.name);
    await mkdir(to, { recursive: true });
    await cp(mirror.state, join(to, 'state'), plainFiles);
    await cp(mirror.tree(archive), join(to, 'tree'), plainFiles);
    await cp(join(mirror.folder, 'agent.log'), join(to, 'agent.log'));
  }
}

/** A socket that a killed process has left cannot be copied. */
const plainFiles = { recursive: true, filter: (path: string) => !path.endsWith('.sock') };
