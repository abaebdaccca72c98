import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createAgent, type Agent } from './agent.ts';
import { agentProgram, appArgv } from './app.ts';
import { createDebianArchive, type DebianArchive } from './debian-archive.ts';
import { serialOf } from './forge.ts';
import { createNetwork, type Network } from './network.ts';
import type { Service } from './service.ts';
import { createKeyPair } from './ssh-keys.ts';
import { createSshd } from './sshd.ts';
import { createStockHost, type StockHost } from './stock-host.ts';
import { waitFor } from './wait.ts';

/**
 * Ours and Debian's own programs in one tree, each fed by the other:
 *
 *     master (ours) -> hub (ftpsync, runmirrors) -> relay (ours) -> second (ours) -> leaf (ftpsync)
 *                                                -> beside (ours)
 *                                                -> stock (ftpsync)
 *
 * runmirrors pushes its three in stages. The agents below it are behind the system's sshd.
 */
export interface MixedNetwork {
  network: Network;
  archive: DebianArchive;
  hub: StockHost;
  relay: Agent;
  second: Agent;
  leaf: StockHost;
  beside: Agent;
  stock: StockHost;
  /** All of them: name, and the folder that readers see. */
  mirrors: readonly { name: string; tree: string }[];
  /** All hosts by name, the master too: what runs there. */
  services: ReadonlyMap<string, readonly Service[]>;
  /** Whom a mirror pulls from, by name; undefined: the master. */
  upstreamOf(name: string): string | undefined;
  /** From now on the stock mirrors also poll, as the agents do. */
  startCron(): Promise<void>;
  /** Wait until all serve a serial. */
  waitForAll(serial: number, deadlineMs: number): Promise<void>;
  lastLines(count: number): string;
  close(): Promise<void>;
}

export async function createMixedNetwork(pollSeconds: number): Promise<MixedNetwork> {
  const network = await createNetwork({ hubs: 0 });
  const { folder, master } = network;
  await master.configure((settings) => {
    Object.assign(settings, { registration: { allow_addresses: ['127.0.0.0/8'] } });
    Object.assign(settings['push'] as object, { stock_poll: '200ms', runmirrors_patience: '25s' });
  });
  await master.service.restart();
  const archive = await createDebianArchive({
    root: network.tree('debian'),
    work: join(folder, 'work'),
    packages: 12,
  });
  const stockHost = (name: string, rsyncPort: number) =>
    createStockHost({ name, folder: join(folder, name), rsyncPort });
  const services = new Map<string, readonly Service[]>();

  /** Tell the master of a stock mirror, and let those push it who may. */
  async function addStock(host: StockHost, more: object): Promise<void> {
    const kit = await master.api<{ authorizedKeys: string }>('/v1/mirrors', {
      name: host.name,
      kind: 'ftpsync',
      ssh: { host: '127.0.0.1', port: host.sshPort, user: host.sshUser },
      hostKey: host.hostKey,
      archives: ['debian'],
      httpUrl: host.httpUrl,
      rsyncUrl: `rsync://127.0.0.1:${host.rsyncPort}`,
      ...more,
    });
    const lines = kit.authorizedKeys.trim().split('\n');
    await host.authorize(lines.map((line) => line.slice(line.indexOf('ssh-ed25519'))));
    services.set(host.name, host.services);
    await host.start();
  }

  /** An agent whose door is the system's sshd with the line that the product renders. */
  async function addAgent(name: string, upstream: string, isHub: boolean) {
    const sshd = await createSshd(join(folder, `${name}-sshd`));
    const agent = await createAgent({
      name,
      folder: join(folder, name),
      hub: isHub,
      archives: ['debian'],
      archiveSettings: { poll: { every: `${pollSeconds}s`, jitter: '100ms' } },
    });
    const kit = await master.addMirror({
      name,
      upstream,
      archives: ['debian'],
      sshPort: sshd.port,
      sshUser: sshd.user,
      hostKey: sshd.hostKey,
      pushKey: isHub ? agent.pushKey.publicKey : undefined,
      rsyncUrl: isHub ? `rsync://127.0.0.1:${agent.rsyncPort}` : undefined,
    });
    await agent.install(kit);
    await agent.configure((settings) => void delete settings['ssh_server']);
    const program = appArgv(agentProgram).join(' ');
    const lines = kit.authorizedKeys.trim().split('\n');
    await sshd.authorize(
      lines.map((line) =>
        line
          .replace('/usr/bin/mirror-agent', program)
          .replace('/etc/pushmirror/mirror-agent.toml', agent.config),
      ),
    );
    (isHub ? network.hubs : network.leaves).push(agent);
    services.set(name, [agent.service, sshd.service]);
    await sshd.service.start();
    await agent.service.start();
    return { agent, sshd };
  }

  services.set('master', [master.service]);
  const names = { debian: '' };
  const hub = await stockHost('hub.example.org', master.rsyncPort);
  await mkdir(join(hub.folder, '.ssh'), { recursive: true });
  const key = await createKeyPair(join(hub.folder, '.ssh/pushmirror'));
  await addStock(hub, { pushKey: key.publicKey, stock: { push: 'mhop', runmirrors: true, names } });
  const stock = await stockHost('stock.example.org', hub.rsyncPort);
  await addStock(stock, { upstream: hub.name, stock: { push: 'staged', names } });
  const relay = await addAgent('relay.example.org', hub.name, true);
  const beside = await addAgent('beside.example.org', hub.name, false);
  const second = await addAgent('second.example.org', relay.agent.name, true);
  const leaf = await stockHost('leaf.example.org', second.agent.rsyncPort ?? 0);
  await addStock(leaf, { upstream: second.agent.name, stock: { push: 'staged', names } });
  await hub.relay(
    [
      `mhop relay 127.0.0.1 ${relay.sshd.user} -p ${relay.sshd.port}`,
      `staged beside 127.0.0.1 ${beside.sshd.user} -p ${beside.sshd.port}`,
      `staged stock 127.0.0.1 ${stock.sshUser} -p ${stock.sshPort}`,
    ],
    key.path,
  );

  const stockHosts = [hub, stock, leaf];
  const agents = [relay.agent, second.agent, beside.agent];
  const mirrors = [
    ...stockHosts.map(({ name, tree }) => ({ name, tree })),
    ...agents.map(({ name, tree }) => ({ name, tree: tree('debian') })),
  ];
  const lastLines = (count: number) =>
    [
      network.lastLines(count),
      ...stockHosts.map((one) => `--- ${one.name}\n${tail(one.log(), count)}`),
      `--- runmirrors\n${tail(hub.relayLog(), count)}`,
      ...['relay', 'beside', 'stock'].map((one) => `--- ${one}\n${tail(hub.relayLog(one), count)}`),
    ].join('\n');
  return {
    network,
    archive,
    hub,
    relay: relay.agent,
    second: second.agent,
    leaf,
    beside: beside.agent,
    stock,
    mirrors,
    services,
    upstreamOf: (name) => upstreams[name.split('.')[0] ?? ''],
    async startCron() {
      for (const host of stockHosts) {
        const cron = host.cron(pollSeconds);
        services.set(host.name, [...host.services, cron]);
        await cron.start();
      }
    },
    async waitForAll(serial, deadlineMs) {
      const shown = () =>
        Promise.all(mirrors.map(async ({ name, tree }) => [name, await serialOf(tree)] as const));
      await waitFor(async () => (await shown()).every(([, one]) => one === serial), {
        deadlineMs,
        describe: async () => {
          const pushes = await master.pushes('debian', serial).catch(String);
          return `all serve ${serial}: ${JSON.stringify(await shown())}\n${JSON.stringify(pushes)}\n${lastLines(25)}`;
        },
      });
    },
    lastLines,
    async close() {
      for (const name of stockHosts.map((one) => one.name))
        for (const service of services.get(name) ?? []) await service.stop();
      for (const one of stockHosts) await one.stop();
      for (const { sshd } of [relay, beside, second]) await sshd.service.stop();
      await network.close();
      await archive.close();
    },
  };
}

const upstreams: Record<string, string> = {
  relay: 'hub.example.org',
  beside: 'hub.example.org',
  stock: 'hub.example.org',
  second: 'relay.example.org',
  leaf: 'second.example.org',
};

function tail(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
