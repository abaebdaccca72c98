import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HEAD_PATH, readSigningKey, signHead, type SignedHead } from '@pushmirror/trigger';
import type { RootRef } from '@pushmirror/manifest';
import { stringify } from 'smol-toml';
import {
  debianLike,
  startRsyncd,
  writeFiles,
  type Rsyncd,
} from '../../apps/mirror-agent/src/sync/fixtures.test.ts';
import { describe as describeTree } from '../../apps/mirror-agent/src/sync/manifest/publish.test.ts';
import { askDaemon } from '../../apps/mirror-agent/src/control-client.ts';
import type { SyncLine } from '../../apps/mirror-agent/src/control-protocol.ts';
import type { AgentStatus } from '../../apps/mirror-agent/src/status.ts';
import { createAgent, type Agent } from '../harness/agent.ts';
import { endLeftovers } from '../harness/leftovers.ts';
import { ssh } from '../harness/ssh-client.ts';
import { createKeyPair } from '../harness/ssh-keys.ts';
import { triggerFor } from '../harness/forge.ts';
import { tempFolder } from '../harness/temp-folder.ts';
import { watchCost, type CostWatch } from './cost.ts';

/** A whole agent process, and an upstream that lies to it. The signing key is the real one. */
export interface HostileSite {
  folder: string;
  /** The tree that the upstream's rsync daemon serves. */
  up: string;
  rsyncd: Rsyncd;
  agent: Agent;
  /** The mirror's tree. */
  to: string;
  /** What agent and rsync take while they are lied to. */
  cost: CostWatch;
  /** A truthful release of what is in `up`; the next serial. */
  publish(): Promise<SignedHead>;
  /** A signed head of this manifest, whatever is in it; shown by the upstream. */
  show(serial: number, manifest: RootRef): Promise<SignedHead>;
  /** The next serial. */
  next(): number;
  /** Hand a head to the agent, as a push does. */
  push(head: SignedHead): Promise<void>;
  /** What `mirror-agent sync` asks of the daemon, to the end of it. @returns whether it went well. */
  sync(): Promise<boolean>;
  status(): Promise<AgentStatus['archives'][number]>;
  close(): Promise<void>;
}

const ARCHIVE = 'debian';
const SYNC_MS = 60_000;

export async function createHostileSite(
  settings: (rsyncd: Rsyncd) => Promise<Record<string, unknown>> = async () => ({}),
): Promise<HostileSite> {
  const { path: folder, remove } = await tempFolder('hostile');
  const up = join(folder, 'up');
  await mkdir(up);
  await writeFiles(up, debianLike(1));
  const rsyncd = await startRsyncd(folder, { [ARCHIVE]: up });
  const signing = await createKeyPair(join(folder, 'signing-key'));
  const key = readSigningKey(signing.path);
  const peer = await createKeyPair(join(folder, 'peer-key'));
  const agent = await createAgent({
    name: 'leaf',
    folder: join(folder, 'leaf'),
    hub: false,
    archives: [ARCHIVE],
    archiveSettings: { deadline: '45s', max_delete: 3, ...(await settings(rsyncd)) },
  });
  const upstream = rsyncd.url(ARCHIVE);
  await agent.install({
    token: 'none',
    agentConfig: stringify({
      name: 'leaf',
      network: 'example',
      peer: [{ name: 'upstream', key: peer.publicKey }],
      archive: [{ name: ARCHIVE, upstream }],
    }),
    authorizedKeys: '',
    allowedSigners: `example namespaces="pushmirror-head" ${signing.publicKey}\n`,
  });
  await agent.configure((all) => delete all['master']);
  await agent.service.start();
  const cost = watchCost(agent);
  let serial = 0;

  const show: HostileSite['show'] = async (at, manifest) => {
    const issued = new Date(Math.floor(Date.now() / 1000) * 1000);
    const expires = new Date(issued.getTime() + 3_600_000);
    const named = { network: 'example', archive: ARCHIVE, epoch: 1, serial: at };
    const head = signHead({ ...named, manifest, issued, expires }, key);
    await mkdir(join(up, 'project/pushmirror'), { recursive: true });
    await writeFile(join(up, HEAD_PATH), head.bytes);
    return head;
  };
  const next = () => (serial += 1);

  return {
    folder,
    up,
    rsyncd,
    agent,
    to: agent.tree(ARCHIVE),
    cost,
    next,
    show,
    async publish() {
      const at = next();
      return show(at, await describeTree(up, at));
    },
    async push(head) {
      const { sshPort: port, hostKey } = agent;
      const target = { port, hostKey, user: 'mirror', identity: peer.path, folder };
      const answer = await ssh(target, triggerFor(head, ARCHIVE));
      if (answer.code !== 0) throw new Error(`The push was not taken: ${answer.stdout}`);
    },
    async sync() {
      const asked = { op: 'sync', force: false, archive: ARCHIVE } as const;
      let ok = false;
      for await (const line of askDaemon(join(agent.state, 'agent.sock'), asked, SYNC_MS)) {
        if ((line as SyncLine).type === 'done') ({ ok } = line as { ok: boolean });
      }
      return ok;
    },
    async status() {
      const { json } = await agent.command('status', '--json');
      const [archive] = (json as AgentStatus).archives;
      if (archive === undefined) throw new Error('The agent has no archive.');
      return archive;
    },
    async close() {
      cost.stop();
      await agent.service.stop();
      await rsyncd.stop();
      endLeftovers(folder);
      await remove();
    },
  };
}
