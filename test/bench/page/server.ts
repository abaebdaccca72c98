import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { openDatabase } from '../../../apps/master/src/db/open.ts';
import { createMaster } from '../../../apps/master/src/master.ts';
import { readMasterConfig } from '../../../apps/master/src/config.ts';
import { initFolder } from '../../../apps/master/src/setup/init-folder.ts';
import { seed } from './seed.ts';

/** The master of this benchmark, in a process of its own: `server.ts FOLDER MIRRORS`. */
const [folder = '', mirrors = '1000'] = process.argv.slice(2);
const config = join(folder, 'master.toml');
const tree = join(folder, 'tree');
await mkdir(tree, { recursive: true });
await initFolder({ folder, config, network: 'example', name: 'ftp.example.org' });
const settings = { ...readMasterConfig(config), listen: { address: '127.0.0.1', port: 0 } };
const now = () => new Date();
const db = await openDatabase({ state: settings.state, network: settings.network, now });
await db
  .insertInto('archive')
  .values({
    name: 'debian',
    path: tree,
    profile: 'debian',
    mode: 'classic',
    epoch: 1,
    delete_limit: 100,
    added_at: now().toISOString(),
    policy: null,
  })
  .execute();
await db.destroy();
seed({
  database: join(settings.state, 'master.sqlite'),
  mirrors: Number(mirrors),
  releases: 4 * 365,
  days: 365,
  now: now(),
  archive: 'debian',
  movingPercent: 10,
});
const master = await createMaster({ config: settings, logger: pino({ level: 'error' }), now });
await master.app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${master.url()}\n`);
