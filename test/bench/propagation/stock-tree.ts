import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderRsyncdConf } from '@pushmirror/acl';
import { parseTrace } from '@pushmirror/trace';
import { answers, freePort } from '../../harness/ports.ts';
import { createService } from '../../harness/service.ts';
import { createSshd } from '../../harness/sshd.ts';
import { createKeyPair } from '../../harness/ssh-keys.ts';
import { tool } from '../../harness/tool.ts';
import { waitFor } from '../../harness/wait.ts';
import type { Shape } from './shape.ts';

/** Debian's own: runmirrors on the master, ftpsync with HUB=true on the hubs, ftpsync on the leaves. */
export interface StockTree {
  /** The folder that a mirror's readers see. */
  treeOf(mirror: string): string;
  /** Push, and wait until every leaf has the file: seconds. */
  push(serial: number): Promise<number>;
  /** Of what runs all the time: sshd and the rsync daemon. */
  pids(): number[];
  stop(): Promise<void>;
}

const MASTER = 'master';
const DEADLINE_MS = 300_000;

/**
 * All mirrors behind one sshd: each has a key and a home of its own, and the key's forced command
 * starts its ftpsync. One rsync daemon has a module for each host.
 */
export async function startStockTree(folder: string, up: string, shape: Shape): Promise<StockTree> {
  const homeOf = (host: string) => join(folder, 'homes', host);
  const treeOf = (mirror: string) => join(folder, 'trees', mirror);
  const mirrors = [...shape.hubs, ...shape.leaves];
  const rsyncPort = await freePort();
  const rsyncd = await startRsyncd(folder, rsyncPort, [
    { name: MASTER, path: up },
    ...mirrors.map((name) => ({ name, path: treeOf(name) })),
  ]);
  const sshd = await createSshd(join(folder, 'sshd'));
  await sshd.service.start();
  const keys = new Map<string, string>();
  const lines: string[] = [];
  for (const name of mirrors) {
    await mkdir(join(homeOf(name), '.config/ftpsync'), { recursive: true });
    await mkdir(treeOf(name), { recursive: true });
    const key = await createKeyPair(join(homeOf(name), 'key'));
    keys.set(name, key.path);
    const forced = `env HOME=${homeOf(name)} LOGNAME=mirror PATH=/usr/bin:/bin ftpsync`;
    lines.push(`restrict,command="${forced}" ${key.publicKey}`);
    await writeConfig(name, 'ftpsync.conf', [
      `MIRRORNAME=${name}`,
      `TO=${treeOf(name)}/`,
      'MAILTO=""',
      'RSYNC_HOST=127.0.0.1',
      `RSYNC_PATH=${shape.upstreamOf(name) ?? MASTER}`,
      `RSYNC_EXTRA="--port=${rsyncPort}"`,
      ...(shape.hubs.includes(name) ? ['HUB=true'] : []),
      'EXCLUDE="--exclude=/project/pushmirror/"',
    ]);
  }
  await sshd.authorize(lines);
  for (const host of [MASTER, ...shape.hubs]) await writeRunmirrors(host);

  async function writeRunmirrors(host: string): Promise<void> {
    await mkdir(join(homeOf(host), '.config/ftpsync'), { recursive: true });
    const below = mirrors.filter((name) => (shape.upstreamOf(name) ?? MASTER) === host);
    // With `2 KEY`, since the default key would be shown, too, and sshd takes the first.
    const entries = below.map((name) => `all ${name} ${name} ${sshd.user} 2 ${keys.get(name)}`);
    await writeConfig(host, 'runmirrors.mirror', entries);
    const ssh = below.map(
      (name) => `Host ${name}
  HostName 127.0.0.1
  Port ${sshd.port}
  IdentitiesOnly yes
  HostKeyAlias mirror
  UserKnownHostsFile ${join(folder, 'known_hosts')}
`,
    );
    await writeFile(join(homeOf(host), 'ssh_config'), ssh.join(''));
    await writeConfig(host, 'runmirrors.conf', [
      `BASEDIR=${homeOf(host)}`,
      'MAILTO=""',
      `KEYFILE=${keys.get(below[0] ?? '')}`,
      `SSH_OPTS="-F ${join(homeOf(host), 'ssh_config')}"`,
    ]);
  }

  async function writeConfig(host: string, name: string, text: string[]): Promise<void> {
    await writeFile(join(homeOf(host), '.config/ftpsync', name), `${text.join('\n')}\n`);
  }

  await writeFile(join(folder, 'known_hosts'), `mirror ${sshd.hostKey}\n`);
  return {
    treeOf,
    async push(serial) {
      const started = performance.now();
      const env = { HOME: homeOf(MASTER), LOGNAME: 'mirror', LC_ALL: 'C.UTF-8' };
      const pushed = tool(['runmirrors', '-k', 'all'], { env, deadlineMs: DEADLINE_MS });
      await Promise.all(shape.leaves.map((leaf) => until(leaf, serial)));
      const seconds = (performance.now() - started) / 1000;
      await pushed;
      await waitFor(async () => (await Promise.all(mirrors.map(isIdle))).every(Boolean), {
        deadlineMs: DEADLINE_MS,
        describe: 'every ftpsync has ended',
      });
      return seconds;
    },
    pids: () => [sshd.service, rsyncd].map((service) => service.pid() ?? 0),
    async stop() {
      await Promise.allSettled([sshd.service.stop(), rsyncd.stop()]);
    },
  };

  /** A leaf has it when its own trace file, which ftpsync writes last, names the serial. */
  function until(leaf: string, serial: number): Promise<unknown> {
    return waitFor(async () => (await serialAt(leaf)) === String(serial), {
      deadlineMs: DEADLINE_MS,
      everyMs: 20,
      describe: `${leaf} is at ${serial}`,
    });
  }

  async function serialAt(mirror: string): Promise<string | undefined> {
    const trace = await readFile(join(treeOf(mirror), 'project/trace', mirror), 'utf8');
    return parseTrace(trace).archiveSerial;
  }

  async function isIdle(mirror: string): Promise<boolean> {
    const lock = join(treeOf(mirror), `Archive-Update-in-Progress-${mirror}`);
    return readFile(lock).then(
      () => false,
      () => true,
    );
  }
}

async function startRsyncd(
  folder: string,
  port: number,
  modules: { name: string; path: string }[],
) {
  const config = join(folder, 'rsyncd.conf');
  await mkdir(folder, { recursive: true });
  await writeFile(config, renderRsyncdConf({ address: '127.0.0.1', port, modules }));
  const service = createService({
    name: 'rsyncd',
    argv: ['rsync', '--daemon', '--no-detach', `--config=${config}`],
    logFile: join(folder, 'rsyncd.log'),
    ready: () => answers(port),
  });
  await service.start();
  return service;
}
