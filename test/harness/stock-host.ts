import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderRsyncdConf } from '@pushmirror/acl';
import { serveTree } from './http-tree.ts';
import { answers, freePort } from './ports.ts';
import { createService, type Service } from './service.ts';
import { createSshd } from './sshd.ts';
import { tool } from './tool.ts';

/** A host with the stock ftpsync behind its sshd, as an operator of Debian would have it. */
export interface StockHost {
  name: string;
  folder: string;
  tree: string;
  sshPort: number;
  sshUser: string;
  hostKey: string;
  /** Where its tree is read. */
  httpUrl: string;
  /** Where mirrors below it pull, its module is `debian`. */
  rsyncPort: number;
  /** Let these keys push it. */
  authorize(publicKeys: readonly string[]): Promise<void>;
  /** ftpsync's own log of its last syncs, the oldest first. */
  log(): string;
  /** Make it a hub whose ftpsync ends with runmirrors, for these lines of runmirrors.mirror. */
  relay(lines: readonly string[], keyFile: string): Promise<void>;
  /** The log of its runmirrors; of one mirror by its short name. */
  relayLog(name?: string): string;
  /** Run its ftpsync once. */
  sync(): Promise<void>;
  /** A daemon that begins a sync every so many seconds, as the line in its crontab has it; not started yet. */
  cron(everySeconds: number): Service;
  /** Each of its daemons. */
  services: readonly Service[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface StockHostOptions {
  name: string;
  folder: string;
  /** Where it pulls from. */
  rsyncPort: number;
  module?: string;
  /** Lines for its ftpsync.conf. */
  settings?: readonly string[];
}

export function isFtpsyncInstalled(): boolean {
  return existsSync('/usr/bin/ftpsync') && existsSync('/usr/bin/runmirrors');
}

export async function createStockHost(o: StockHostOptions): Promise<StockHost> {
  const { name, folder } = o;
  const tree = join(folder, 'srv/debian');
  await mkdir(tree, { recursive: true });
  await mkdir(join(folder, '.config/ftpsync'), { recursive: true });
  const config = [
    `MIRRORNAME=${name}`,
    `TO=${tree}/`,
    'MAILTO=""',
    'RSYNC_HOST=127.0.0.1',
    `RSYNC_PATH=${o.module ?? 'debian'}`,
    `RSYNC_EXTRA="--port=${o.rsyncPort}"`,
    'UIPSLEEP=1',
    'UIPRETRIES=3',
    ...(o.settings ?? []),
  ];
  const conf = join(folder, '.config/ftpsync/ftpsync.conf');
  await writeFile(conf, `${config.join('\n')}\n`);
  const sshd = await createSshd(join(folder, 'sshd'));
  const http = await serveTree(tree);
  const rsyncPort = await freePort();
  const rsyncdConf = join(folder, 'rsyncd.conf');
  const modules = [{ name: 'debian', path: tree }];
  await writeFile(rsyncdConf, renderRsyncdConf({ address: '127.0.0.1', port: rsyncPort, modules }));
  const rsyncd = createService({
    name: 'rsyncd',
    argv: ['rsync', '--daemon', '--no-detach', `--config=${rsyncdConf}`],
    logFile: join(folder, 'rsyncd.log'),
    ready: () => answers(rsyncPort),
  });
  const logsOf = (files: readonly string[]) =>
    files
      .map((file) => join(folder, '.local/log/ftpsync', file))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, 'utf8'))
      .join('');
  const rotated = (log: string) =>
    logsOf(Array.from({ length: 15 }, (_, age) => `${log}.log${age === 14 ? '' : `.${13 - age}`}`));
  return {
    name,
    folder,
    tree,
    sshPort: sshd.port,
    sshUser: sshd.user,
    hostKey: sshd.hostKey,
    httpUrl: `${http.url}/`,
    rsyncPort,
    authorize: (keys) => {
      const command = `HOME=${folder} LOGNAME=root exec /usr/bin/ftpsync`;
      return sshd.authorize(keys.map((key) => `command="${command}",restrict ${key}`));
    },
    log: () => rotated('ftpsync'),
    async relay(lines, keyFile) {
      const settings = [
        'MAILTO=""',
        `BASEDIR=${folder}`,
        `KEYFILE=${keyFile}`,
        'PUSHDELAY=60',
        `SSH_OPTS="-oStrictHostKeyChecking=no -oUserKnownHostsFile=${folder}/known_hosts"`,
      ];
      const at = join(folder, '.config/ftpsync');
      await writeFile(join(at, 'runmirrors.conf'), `${settings.join('\n')}\n`);
      await writeFile(join(at, 'runmirrors.mirror'), `${lines.join('\n')}\n`);
      await appendFile(conf, 'HUB=true\n');
    },
    relayLog: (one) => (one === undefined ? rotated('runmirrors') : logsOf([`${one}.log`])),
    sync: async () => void (await tool(['ftpsync'], { env: { HOME: folder, LOGNAME: 'root' } })),
    cron: (everySeconds) =>
      createService({
        name: 'cron',
        argv: [
          'env',
          '-i',
          'PATH=/usr/bin:/bin',
          `HOME=${folder}`,
          'LOGNAME=root',
          ...loop(everySeconds),
        ],
        logFile: join(folder, 'cron.log'),
        ready: async () => true,
      }),
    services: [sshd.service, rsyncd],
    async start() {
      await sshd.service.start();
      await rsyncd.start();
    },
    async stop() {
      await sshd.service.stop();
      await rsyncd.stop();
      await http.close();
    },
  };
}

/** As crond, it does not ask whether the one before has ended. */
function loop(everySeconds: number): string[] {
  const text = 'while sleep "$1"; do ftpsync sync:all & done';
  return ['bash', '-c', text, 'cron', `${everySeconds}`];
}
