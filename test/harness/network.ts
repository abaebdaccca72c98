import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProfileName } from '@pushmirror/manifest';
import type { PushState } from '@pushmirror/trigger';
import { createAgent, type Agent } from './agent.ts';
import { compareTrees } from './compare-trees.ts';
import { serialOf } from './forge.ts';
import { endLeftovers } from './leftovers.ts';
import { createMaster, type Master } from './master.ts';
import { tempFolder } from './temp-folder.ts';
import { waitFor } from './wait.ts';

export interface NetworkOptions {
  /** Mirrors that pull from the master; 1 by default. */
  hubs?: number;
  /** Mirrors below each hub; 1 by default. */
  leavesPerHub?: number;
  /** ["debian"] by default. Each is an empty folder of the master at first. */
  archives?: readonly string[];
  /** Of an archive, where it is not "debian". */
  profiles?: Record<string, ProfileName>;
  /** Merged into the [[archive]] settings of every mirror. */
  archiveSettings?: Record<string, unknown>;
  signal?: AbortSignal;
}

/** A tree of mirrors below one master, all real processes on loopback. */
export interface Network {
  folder: string;
  master: Master;
  hubs: Agent[];
  leaves: Agent[];
  /** Hubs and leaves. */
  mirrors: Agent[];
  mirror(name: string): Agent;
  /** The mirror that another one pulls from; undefined for the master. */
  upstreamOf(name: string): Agent | undefined;
  /** The folder that the master publishes. */
  tree(archive: string): string;
  /** Add one more mirror below the master or a hub; it is not started. */
  addMirror(name: string, options?: AddMirrorOptions): Promise<Agent>;
  /** Start master and mirrors. */
  start(): Promise<void>;
  /** Wait until a mirror's tree shows a serial. */
  waitForSerial(mirror: Agent, archive: string, serial: number, deadlineMs?: number): Promise<void>;
  /** Wait until the master knows that a push has reached a state. */
  waitForPush(archive: string, serial: number, mirror: string, state: PushState): Promise<void>;
  /** What differs between the master's tree and a mirror's. */
  differences(mirror: Agent, archive: string): Promise<string[]>;
  /** The last lines of everybody's log. */
  lastLines(count: number): string;
  /** Stop all, end what was left behind, remove the folder. Never fails. */
  close(): Promise<void>;
}

export interface AddMirrorOptions {
  upstream?: Agent;
  hub?: boolean;
  archives?: readonly string[];
  archiveSettings?: Record<string, unknown>;
  /** Where the master is told that its SSH server is, when not at its embedded one. */
  sshPort?: number;
  sshUser?: string;
  hostKey?: string;
}

const NETWORK = 'example';
const CONVERGE_MS = 60_000;

export async function createNetwork(options: NetworkOptions = {}): Promise<Network> {
  const { hubs: hubCount = 1, leavesPerHub = 1, archives = ['debian'] } = options;
  const temp = await tempFolder('net');
  const folder = temp.path;
  const hubs: Agent[] = [];
  const leaves: Agent[] = [];
  const upstreams = new Map<string, Agent | undefined>();
  const tree = (archive: string) => join(folder, 'archives', archive);
  for (const archive of archives) await mkdir(tree(archive), { recursive: true });

  const master = await createMaster({ folder: join(folder, 'master'), network: NETWORK });
  const network: Network = {
    folder,
    master,
    hubs,
    leaves,
    get mirrors() {
      return [...hubs, ...leaves];
    },
    mirror(name) {
      const found = network.mirrors.find((one) => one.name === name);
      if (found === undefined) throw new Error(`There is no mirror ${name}.`);
      return found;
    },
    upstreamOf: (name) => upstreams.get(name),
    tree,
    addMirror,
    async start() {
      const started = Promise.all(network.mirrors.map(({ service }) => service.start()));
      await Promise.race([started, aborted(options.signal)]);
    },
    async waitForSerial(mirror, archive, serial, deadlineMs = CONVERGE_MS) {
      const seen = () => serialOf(mirror.tree(archive));
      await waitFor(async () => (await seen()) === serial, {
        deadlineMs,
        describe: async () =>
          `${mirror.name} shows ${archive} ${serial}; it shows ${await seen()}.\n` +
          network.lastLines(12),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    },
    async waitForPush(archive, serial, mirror, state) {
      const push = async () =>
        (await master.pushes(archive, serial)).find((one) => one.mirror === mirror);
      await waitFor(async () => (await push())?.state === state, {
        deadlineMs: CONVERGE_MS,
        describe: async () => `${mirror} is ${state}; it is ${JSON.stringify(await push())}`,
      });
    },
    differences: (mirror, archive) => compareTrees(tree(archive), mirror.tree(archive)),
    lastLines: (count) =>
      [master, ...network.mirrors]
        .map(({ service }) => `--- ${service.name}\n${service.lastLines(count)}`)
        .join('\n'),
    async close() {
      const services = [...network.mirrors, master].map(({ service }) => service);
      await Promise.allSettled(services.map((service) => service.stop()));
      endLeftovers(folder);
      await temp.remove();
    },
  };

  try {
    await master.service.start();
    for (const archive of archives) {
      const profile = options.profiles?.[archive] ?? 'debian';
      await master.addArchive(archive, tree(archive), '--profile', profile);
    }
    for (let h = 1; h <= hubCount; h += 1) {
      const hub = await addMirror(`hub${h}`, { hub: true });
      for (let l = 1; l <= leavesPerHub; l += 1) {
        await addMirror(`leaf${h}-${l}`, { upstream: hub });
      }
    }
    return network;
  } catch (error) {
    await network.close();
    throw error;
  }

  async function addMirror(name: string, more: AddMirrorOptions = {}): Promise<Agent> {
    options.signal?.throwIfAborted();
    const { upstream, hub = false } = more;
    const agent = await createAgent({
      name,
      folder: join(folder, name),
      hub,
      archives: more.archives ?? archives,
      archiveSettings: { ...options.archiveSettings, ...more.archiveSettings },
    });
    const kit = await master.addMirror({
      name,
      upstream: upstream?.name,
      archives: more.archives ?? archives,
      sshPort: more.sshPort ?? agent.sshPort,
      sshUser: more.sshUser ?? 'mirror',
      hostKey: more.hostKey ?? agent.hostKey,
      pushKey: hub ? agent.pushKey.publicKey : undefined,
      rsyncUrl: agent.rsyncPort === undefined ? undefined : rsyncUrl(agent.rsyncPort),
    });
    await agent.install(kit);
    upstreams.set(name, upstream);
    (hub ? hubs : leaves).push(agent);
    return agent;
  }
}

/** Fails when the signal aborts; else it never settles. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () =>
      reject(signal?.reason instanceof Error ? signal.reason : new Error('Stopped.'));
    if (signal?.aborted) fail();
    else signal?.addEventListener('abort', fail, { once: true });
  });
}

/** Run `work` on a started network, and close it; a failure brings everybody's last lines. */
export async function withNetwork(
  options: NetworkOptions,
  work: (network: Network) => Promise<void>,
): Promise<void> {
  const network = await createNetwork(options);
  try {
    await network.start();
    await work(network);
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await network.close();
  }
}

function rsyncUrl(port: number): string {
  return `rsync://127.0.0.1:${port}`;
}
