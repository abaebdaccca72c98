import type { Agent } from '../harness/agent.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import type { Service } from '../harness/service.ts';
import { createTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';

export const ARCHIVE = 'debian';

/** The network of a fault run. */
export interface Cast {
  network: Network;
  /** Those that are killed: the master and the hubs. */
  killed: string[];
  /** Those that flap: a third of all mirrors. */
  flapping: string[];
  service(name: string): Service;
  /** The proxies before a flapping mirror's own SSH, and before its upstream's rsync. */
  doors: Map<string, { ssh: TcpProxy; rsync: TcpProxy }>;
  close(): Promise<void>;
}

const HUBS = 2;

/** A master, two hubs and so many leaves, shared out between them; nothing but the master runs. */
export async function createCast(leaves: number, signal: AbortSignal): Promise<Cast> {
  const network = await createNetwork({ hubs: HUBS, leavesPerHub: 0, archives: [ARCHIVE], signal });
  const doors: Cast['doors'] = new Map();
  const close = async () => {
    await network.close();
    const proxies = [...doors.values()].flatMap(({ ssh, rsync }) => [ssh, rsync]);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  };
  try {
    const flappers = Math.min(leaves, Math.round((HUBS + leaves) / 3));
    for (let index = 0; index < leaves; index += 1) {
      const hub = network.hubs[index % HUBS]!;
      const name = `leaf${index + 1}`;
      if (index < flappers) await addFlapping(name, hub);
      else await network.addMirror(name, { upstream: hub });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    network,
    killed: ['master', ...network.hubs.map(({ name }) => name)],
    flapping: [...doors.keys()],
    service: (name) => (name === 'master' ? network.master : network.mirror(name)).service,
    doors,
    close,
  };

  async function addFlapping(name: string, hub: Agent): Promise<void> {
    const ssh = await createTcpProxy(0);
    const rsync = await createTcpProxy(hub.rsyncPort!);
    doors.set(name, { ssh, rsync });
    const leaf = await network.addMirror(name, {
      upstream: hub,
      sshPort: ssh.port,
      archiveSettings: { upstream: `rsync://127.0.0.1:${rsync.port}/${ARCHIVE}` },
    });
    ssh.setTarget(leaf.sshPort);
  }
}
