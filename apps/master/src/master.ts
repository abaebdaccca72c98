import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { portError } from './access/free-port.ts';
import { checkInstalled } from './access/check-installed.ts';
import { holdHostKey } from './access/host-keys.ts';
import { renderForMaster } from './access/render.ts';
import { createServing } from './access/serving.ts';
import { withdrawDenied } from './access/withdraw.ts';
import { createHeads } from './archive/heads.ts';
import { createPublisher } from './archive/publish.ts';
import { createTurns } from './archive/turns.ts';
import { publicUrl, rsyncUrl, type MasterConfig } from './config.ts';
import { openDatabase, type Db } from './db/open.ts';
import type { PushRow } from './db/schema.ts';
import { createApp } from './http/app.ts';
import { createAuth } from './http/auth.ts';
import { createFailureLimit } from './http/failure-limit.ts';
import { adoptAdminToken } from './registry/manage-tokens.ts';
import { createKeyKeeper } from './keys/keeper.ts';
import { createFeed } from './monitor/feed.ts';
import { createProbing } from './monitor/probing.ts';
import { createNotifying, type Notifying } from './notify/notifying.ts';
import { createConducting } from './rollout/conducting.ts';
import { createNews } from './rollout/news.ts';
import type { Retried } from './rollout/retry.ts';
import { retryMirror } from './rollout/retry-mirror.ts';
import { createSending } from './sending.ts';
import { createDoorkeeper } from './registry/doorkeeper.ts';
import { readKeys, readPublicKey, type MasterKeys } from './setup/keys.ts';
import { openState, type StateFolder } from './setup/state-folder.ts';
import { createRetention, createUpkeep } from './upkeep.ts';

export interface MasterOptions {
  config: MasterConfig;
  logger: Logger;
  now: () => Date;
}

/** A whole master: create, start, destroy. */
export interface Master {
  /** @throws HostError `port-in-use` and the like. */
  start(): Promise<void>;
  /** The address of the API and the page, once it is started. */
  url(): string;
  /** Ends everything in order; whatever was under way is carried on by the next start. */
  destroy(): Promise<void>;
  /** For tests: answer requests without a port, and tell what is news, without its rounds. */
  app: FastifyInstance;
  notifying: Pick<Notifying, 'watch' | 'deliver'>;
}

const CLOSE_DEADLINE_MS = 5_000;

/**
 * The composition root: reads the keys, opens the database, and wires the parts together. Nothing
 * listens and nothing is sent before `start`.
 *
 * @throws HostError, TriggerError, MasterError: each with one sentence for the operator.
 */
export async function createMaster(o: MasterOptions): Promise<Master> {
  const { config, logger, now } = o;
  const keys = readKeys(config);
  const folder = await openState(config.state);
  try {
    const db = await openDatabase({ state: config.state, network: config.network, now });
    try {
      await adoptAdminToken(db, keys.adminToken, config.admin_token_file, now);
      return await assemble({ config, logger, now, keys, folder, db });
    } catch (error) {
      await db.destroy();
      throw error;
    }
  } catch (error) {
    folder.release();
    throw error;
  }
}

interface Parts extends MasterOptions {
  keys: MasterKeys;
  folder: StateFolder;
  db: Db;
}

async function assemble(parts: Parts): Promise<Master> {
  const { config, logger, now, keys, db } = parts;
  const feed = createFeed();
  const onTrouble = (error: unknown) => logger.error({ err: error }, 'an event was not told');
  const news = createNews({ db, feed, now, onTrouble });
  const onMoved = (pushes: readonly PushRow[]) => {
    news.moved(pushes);
    conducting.moved(pushes);
  };
  const onHostKeyChange = (mirror: string) =>
    void holdHostKey(db, mirror, now).then(
      (first) => first && logger.warn({ mirror }, 'it shows another host key, which is held'),
      (error: unknown) => logger.error({ mirror, err: error }, 'its host key was not looked at'),
    );
  const sending = createSending({
    ...parts,
    onMoved,
    onHostKeyChange,
    onTakeover: () => serving.access.wake(),
  });
  const { engine } = sending;
  const turns = createTurns();
  const heads = createHeads({
    db,
    network: config.network,
    name: config.name,
    turns,
    now,
    signingKey: keys.signingKey,
    lifetimeMs: config.head_lifetime,
  });
  const notifying = createNotifying(parts);
  const probing = createProbing({
    ...parts,
    feed,
    onSeen: news.moved,
    onQuarantine: sending.moved,
    onReturn: () => engine.resume(),
  });
  const conducting = createConducting({
    ...parts,
    probing,
    heads,
    turns,
    news,
    send: (archive) => engine.resume(archive),
    tellHold: (archive, hold) => engine.sendHold(archive, hold),
  });
  const publisher = createPublisher({
    db,
    network: config.network,
    stateDir: config.state,
    heads,
    turns,
    now,
    onAttempt: news.attempt,
    onCommitted: news.released,
    onPublished: async (archive, serial) => {
      logger.info({ archive, serial }, 'published');
      await engine.resume(archive);
      conducting.begin(archive);
    },
  });
  const ssh = config.rsync_ssh && {
    url: config.rsync_ssh.url,
    hostKey: readPublicKey(config.rsync_ssh.host_key),
  };
  const facts = () => ({
    network: config.network,
    url: publicUrl(config),
    rsyncUrl: rsyncUrl(config),
    pushKey: keys.pushKey.line,
    allowedSigners: keys.readAllowedSigners(),
    ...(ssh === undefined ? {} : { ssh }),
  });
  const serving = createServing({
    ...parts,
    facts,
    onChange: async (policy) => engine.end(await withdrawDenied(db, policy, sending.moved, now())),
  });
  const { access } = serving;
  const onMirrorsChanged = async () => {
    await access.refresh();
    await engine.resume();
  };
  const onRetried = async ({ archive, pushes }: Retried) => {
    engine.end(pushes); // A rest is over, with all that was remembered of it.
    sending.moved(pushes);
    await engine.resume(archive);
  };
  const app = await createApp({
    db,
    now,
    feed,
    publisher,
    network: config.network,
    deleteLimit: config.delete_limit,
    logger,
    auth: createAuth(db, createFailureLimit(now)),
    trustProxy: config.trust_proxy,
    facts,
    access,
    slotTimeoutMs: config.push.slot_timeout,
    checkAccess: () => checkInstalled(access, config, now),
    renderAccess: async (to) => renderForMaster(await access.policy(), config, to, now()),
    onArchivesChanged: access.refresh,
    registrationPolicy: config.registration.policy,
    ...createDoorkeeper({ ...parts, onMirrorsChanged }),
    onPushesEnded: (pushes) => engine.end(pushes),
    onPushesMoved: sending.moved,
    onHeard: (mirror) => engine.heard(mirror),
    onMirrorsChanged,
    mayPull: (key) => engine.mayPull(key),
    conducting,
    vantages: probing.vantages,
    mayMail: notifying.mayMail,
    checks: config.checks,
    onRetried,
    rotateKey: (o, by) => keeper.rotate(o, by),
    signersText: () => keeper.signersText(),
    async onHostKeyConfirmed(mirror, by) {
      for (const retried of await retryMirror(db, mirror, by, now())) await onRetried(retried);
    },
  });
  const keeper = createKeyKeeper({
    ...parts,
    async onAnnounced() {
      await heads.restore(); // The texts on who may sign lie beside the heads.
      await access.refresh();
    },
    async onSigning() {
      await heads.restore();
      for (const { archive } of await heads.beat()) await engine.refresh(archive);
    },
    onPushing: sending.renewKey,
    onTrouble: (error) => logger.error({ err: error }, 'the keys were not looked after'),
  });
  const upkeep = createUpkeep({ ...parts, heads, engine });
  const retention = createRetention(parts);
  return {
    app,
    notifying,
    url: () => app.listeningOrigin,
    async start() {
      await serving.start();
      await keeper.start();
      await listen(app, config);
      await upkeep.start(); // Its first round makes public what a crash left unpublished.
      await sending.start();
      await conducting.start();
      await notifying.start(); // Before anything new is seen.
      probing.start();
      void retention.start(); // Forgetting can wait for everything else, and nothing waits for it.
    },
    async destroy() {
      const inOrder: (() => unknown)[] = [
        publisher.close,
        conducting.close,
        probing.close,
        notifying.close,
        keeper.close,
        upkeep.stop,
        retention.stop,
        sending.close,
        serving.close, // Before the API, at which agents wait for it.
        () => closeApp(app),
        news.settled,
        () => parts.db.destroy(),
        parts.folder.release,
      ];
      for (const end of inOrder) {
        try {
          await end();
        } catch (error) {
          logger.error({ err: error }, 'a part of the master did not stop cleanly');
        }
      }
    },
  };
}

async function listen(app: FastifyInstance, config: MasterConfig): Promise<void> {
  const { address, port } = config.listen;
  try {
    await app.listen({
      host: address,
      port,
      listenTextResolver: (url) => `mirror-master of ${config.network} serves ${url}`,
    });
  } catch (error) {
    throw portError(address, port, error);
  }
}

async function closeApp(app: FastifyInstance): Promise<void> {
  const deadline = setTimeout(() => app.server.closeAllConnections(), CLOSE_DEADLINE_MS);
  await app.close();
  clearTimeout(deadline);
}
