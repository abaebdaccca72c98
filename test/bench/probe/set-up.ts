import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { readMasterConfig } from '../../../apps/master/src/config.ts';
import { insertMirror } from '../../../apps/master/src/db/mirrors.ts';
import { openDatabase, type Db } from '../../../apps/master/src/db/open.ts';
import { insertOptIn } from '../../../apps/master/src/db/opt-ins.ts';
import { createMaster } from '../../../apps/master/src/master.ts';
import { createFeed } from '../../../apps/master/src/monitor/feed.ts';
import { createProbing } from '../../../apps/master/src/monitor/probing.ts';
import { checkNewMirror } from '../../../apps/master/src/registry/new-mirror.ts';
import { initFolder } from '../../../apps/master/src/setup/init-folder.ts';
import { readKeys } from '../../../apps/master/src/setup/keys.ts';
import { tempFolder } from '../../harness/temp-folder.ts';

/** A master's database with so many mirrors, all of them fresh, and what looks at them. */
export interface ProbeBench {
  /** Look at every mirror once; returns how many were fresh. */
  round(): Promise<number>;
  /** The URL of each mirror's trace file. */
  traces: string[];
  stop(): Promise<void>;
}

const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6YpYTxzN1tLG3nRVqbC6lUJ6M7yKkS6cBq3b3H2GXr';

export async function setUpProbeBench(mirrors: number): Promise<ProbeBench> {
  const temp = await tempFolder('bench-probe');
  const tree = join(temp.path, 'tree');
  await buildTree(tree);
  const path = join(temp.path, 'master.toml');
  await initFolder({ folder: temp.path, config: path, network: 'bench', name: 'ftp.example.org' });
  const read = readMasterConfig(path);
  const config = {
    ...read,
    registration: { ...read.registration, allow_addresses: ['127.0.0.0/8'] },
  };
  const now = () => new Date();
  const logger = pino({ level: 'silent' });
  const master = await createMaster({ config, logger, now });
  const headers = { authorization: `Bearer ${readKeys(config).adminToken}` };
  const post = async (url: string, payload: object) => {
    const answer = await master.app.inject({ method: 'POST', url, headers, payload });
    if (answer.statusCode >= 300) throw new Error(answer.payload);
  };
  await post('/v1/archives', { name: 'debian', path: tree, mode: 'manifest' });
  await post('/v1/archives/debian/releases', {});
  await master.destroy();

  const web = spawn(process.execPath, [
    fileURLToPath(new URL('mirrors.mjs', import.meta.url)),
    tree,
  ]);
  const [said] = (await once(web.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  const db = await openDatabase({ state: config.state, network: 'bench', now });
  const hosts = Array.from(
    { length: mirrors },
    (_, i) => `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
  );
  await addMirrors(
    db,
    hosts.map((host) => `http://${host}:${port}/`),
    now(),
  );
  const probing = createProbing({
    config,
    logger,
    now,
    keys: readKeys(config),
    db,
    feed: createFeed(),
    onSeen: () => {},
    onQuarantine: () => {},
    onReturn: () => Promise.resolve(),
  });
  const names = hosts.map((_, i) => nameOf(i));
  return {
    async round() {
      const seen = await Promise.all(names.map((name) => probing.look(name, 'debian')));
      return seen.filter((one) => one?.reason === null).length;
    },
    traces: hosts.map((host, i) => `http://${host}:${port}/project/trace/${nameOf(i)}`),
    async stop() {
      await probing.close();
      await db.destroy();
      web.stdin.end();
      await temp.remove();
    },
  };
}

function nameOf(number: number): string {
  return `mirror-${number}.example.org`;
}

async function buildTree(tree: string): Promise<void> {
  await mkdir(join(tree, 'dists/stable'), { recursive: true });
  await mkdir(join(tree, 'pool'), { recursive: true });
  await writeFile(join(tree, 'dists/stable/InRelease'), 'x'.repeat(100_000));
  for (let i = 0; i < 100; i += 1) {
    await writeFile(join(tree, `pool/package-${i}.deb`), `${i}`.repeat(10_000));
  }
}

async function addMirrors(db: Db, urls: readonly string[], at: Date): Promise<void> {
  const archives = await db.selectFrom('archive').selectAll().execute();
  await db.transaction().execute(async (trx) => {
    for (const [i, httpUrl] of urls.entries()) {
      const mirror = {
        name: nameOf(i),
        kind: 'agent' as const,
        ssh: { host: '127.0.0.1', port: 1, user: 'mirror' },
        hostKey: HOST_KEY,
        archives: ['debian'],
        httpUrl,
      };
      await insertMirror(trx, checkNewMirror(mirror, { mirrors: [], archives, optIns: [] }, at));
      await insertOptIn(trx, {
        mirror: mirror.name,
        archive: 'debian',
        opted_in_at: at.toISOString(),
      });
    }
  });
}
