import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { renderRsyncdConf } from '@pushmirror/acl';
import {
  formatTrigger,
  HEAD_PATH,
  parseHead,
  readSigningKey,
  signHold,
  type Hold,
  type SignedHead,
  type SignedHold,
  type Stage,
} from '@pushmirror/trigger';
import { stringify } from 'smol-toml';
import { createAgent, type Agent } from './agent.ts';
import { serialOf } from './forge.ts';
import { endLeftovers } from './leftovers.ts';
import { createMaster } from './master.ts';
import { answers, freePort } from './ports.ts';
import { createService, type Service } from './service.ts';
import { ssh, type SshAnswer } from './ssh-client.ts';
import { createKeyPair } from './ssh-keys.ts';
import { tempFolder } from './temp-folder.ts';
import { waitFor } from './wait.ts';

/**
 * Mirrors below a tree with real releases and no master at work: the test itself says which head is
 * public, and what is pushed to whom. For moments that pass quickly where a master decides.
 */
export interface ByHand {
  folder: string;
  /** The published tree. */
  tree: string;
  /** Its rsync daemon. */
  rsyncd: Service;
  /** Where mirrors pull it from. */
  url: string;
  /** Publish the tree as it is; its head is not public before `show`. */
  publish(): Promise<SignedHead>;
  /** Make a head the public one. */
  show(head: SignedHead): Promise<void>;
  addMirror(name: string, options?: HandMirror): Promise<Agent>;
  /** Push a head or a hold to a mirror, with the key of its upstream. */
  tell(
    mirror: Agent,
    what: { head: SignedHead; stage?: Stage } | { hold: SignedHold },
  ): Promise<SshAnswer>;
  hold(about: SignedHead, sequence: number, state: Hold['state'], reason?: string): SignedHold;
  /** The state of the archive, as `mirror-agent status --json` says it. */
  state(mirror: Agent): Promise<{ state: string; [key: string]: unknown }>;
  waitForState(mirror: Agent, state: string): Promise<void>;
  waitForSerial(mirror: Agent, serial: number): Promise<void>;
  lastLines(count: number): string;
  close(): Promise<void>;
}

export interface HandMirror {
  /** Pull from this hub, which pushes to it. */
  upstream?: Agent;
  hub?: boolean;
  fallbacks?: readonly string[];
  archiveSettings?: Record<string, unknown>;
}

const ARCHIVE = 'debian';
const NETWORK = 'example';
const WAIT_MS = 60_000;

export async function createByHand(): Promise<ByHand> {
  const temp = await tempFolder('hand');
  const folder = temp.path;
  const tree = join(folder, 'tree');
  await mkdir(tree);
  const master = await createMaster({ folder: join(folder, 'master'), network: NETWORK });
  const key = await createKeyPair(join(folder, 'upstream_key'));
  const port = await freePort();
  const conf = join(folder, 'rsyncd.conf');
  const modules = [{ name: ARCHIVE, path: tree }];
  await writeFile(conf, renderRsyncdConf({ address: '127.0.0.1', port, modules }));
  const rsyncd = createService({
    name: 'rsyncd',
    argv: ['rsync', '--daemon', '--no-detach', `--config=${conf}`],
    logFile: join(folder, 'rsyncd.log'),
    ready: () => answers(port),
  });
  const mirrors: Agent[] = [];
  const downstreams = new Map<string, object[]>();
  const signingKey = readSigningKey(master.signingKey);
  const principal = 'namespaces="pushmirror-head,pushmirror-hold"';
  const signers = (await readFile(master.allowedSigners, 'utf8')).replace(
    /namespaces="[^"]*"/,
    principal,
  );
  await master.service.start();
  await master.addArchive(ARCHIVE, tree);
  await rsyncd.start();

  async function publish(): Promise<SignedHead> {
    const before = await readFile(join(tree, HEAD_PATH)).catch(() => undefined);
    await master.publish(ARCHIVE);
    const head = parseHead(await readFile(join(tree, HEAD_PATH)));
    if (before !== undefined) await writeFile(join(tree, HEAD_PATH), before);
    return head;
  }

  async function addMirror(name: string, options: HandMirror = {}): Promise<Agent> {
    const { upstream, hub = false } = options;
    const archiveSettings = { ...options.archiveSettings, fallbacks: options.fallbacks ?? [] };
    const agent = await createAgent({
      name,
      folder: join(folder, name),
      hub,
      archives: [ARCHIVE],
      archiveSettings,
    });
    const url = `rsync://127.0.0.1:${upstream?.rsyncPort ?? port}/${ARCHIVE}`;
    const peerKey = (upstream?.pushKey ?? key).publicKey;
    await agent.install({
      token: 'none',
      agentConfig: stringify({
        name,
        network: NETWORK,
        peer: [
          { name: upstream?.name ?? 'upstream', key: peerKey },
          ...(upstream === undefined ? [] : [{ name: 'upstream', key: key.publicKey }]),
        ],
        archive: [{ name: ARCHIVE, upstream: url }],
      }),
      authorizedKeys: '',
      allowedSigners: signers,
    });
    await agent.configure((settings) => {
      delete settings['master'];
    });
    if (upstream !== undefined) {
      const list = downstreams.get(upstream.name) ?? [];
      const place = { host: '127.0.0.1', port: agent.sshPort, user: 'mirror' };
      list.push({ name, kind: 'agent', ...place, hostKey: agent.hostKey, archives: [ARCHIVE] });
      downstreams.set(upstream.name, list);
      const file = join(upstream.state, 'downstreams.json');
      await writeFile(file, JSON.stringify({ digest: '', downstreams: list }));
    }
    mirrors.push(agent);
    return agent;
  }

  /** Asked at the control socket, since a command takes half a second each time. */
  const state = async (mirror: Agent) => {
    const socket = connect(join(mirror.state, 'agent.sock'));
    socket.end('{"op":"status"}\n');
    const status = JSON.parse(await text(socket)) as { archives: { state: string }[] };
    return status.archives[0] ?? { state: 'none' };
  };

  return {
    folder,
    tree,
    rsyncd,
    url: `rsync://127.0.0.1:${port}/${ARCHIVE}`,
    publish,
    show: (head) => writeFile(join(tree, HEAD_PATH), head.bytes),
    addMirror,
    tell(mirror, what) {
      const command =
        'hold' in what
          ? formatTrigger({ archive: ARCHIVE, hold: what.hold })
          : formatTrigger({ archive: ARCHIVE, head: what.head, words: [what.stage ?? 'all'] });
      const { sshPort, hostKey } = mirror;
      return ssh({ port: sshPort, user: 'mirror', hostKey, identity: key.path, folder }, command);
    },
    hold(about, sequence, held, reason) {
      const { network, archive, epoch, serial } = about.head;
      const why = reason === undefined ? {} : { reason };
      const issued = new Date();
      return signHold(
        { network, archive, epoch, serial, sequence, state: held, ...why, issued },
        signingKey,
      );
    },
    state,
    async waitForState(mirror, wanted) {
      await waitFor(async () => (await state(mirror)).state === wanted, {
        deadlineMs: WAIT_MS,
        describe: async () =>
          `${mirror.name} is ${wanted}; it is ${JSON.stringify(await state(mirror))}`,
      });
    },
    async waitForSerial(mirror, serial) {
      await waitFor(async () => (await serialOf(mirror.tree(ARCHIVE))) === serial, {
        deadlineMs: WAIT_MS,
        describe: async () =>
          `${mirror.name} shows ${serial}: ${JSON.stringify(await state(mirror))}`,
      });
    },
    lastLines: (count) =>
      mirrors.map(({ name, service }) => `--- ${name}\n${service.lastLines(count)}`).join('\n'),
    async close() {
      const services = [...mirrors.map(({ service }) => service), rsyncd, master.service];
      await Promise.allSettled(services.map((service) => service.stop()));
      endLeftovers(folder);
      await temp.remove();
    },
  };
}

/** Run `work`, and close all that it started; a failure brings everybody's last lines. */
export async function withByHand(work: (hand: ByHand) => Promise<void>): Promise<void> {
  const hand = await createByHand();
  try {
    await work(hand);
  } catch (error) {
    console.error(hand.lastLines(25));
    throw error;
  } finally {
    await hand.close();
  }
}
