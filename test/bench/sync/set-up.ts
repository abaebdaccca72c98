import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderRsyncdConf } from '@pushmirror/acl';
import { parseTrace } from '@pushmirror/trace';
import { readSigningKey, signHead, type SignedHead } from '@pushmirror/trigger';
import { runSync } from '../../../apps/mirror-agent/src/sync/sync.ts';
import { compareTrees } from '../../harness/compare-trees.ts';
import { buildPlainTree, noise, plainName } from '../../harness/plain-tree.ts';
import { freePort } from '../../harness/ports.ts';
import { createKeyPair } from '../../harness/ssh-keys.ts';
import { tempFolder } from '../../harness/temp-folder.ts';
import { tool } from '../../harness/tool.ts';
import { note } from '../push/figures.ts';
import { createPublisher } from './publish.ts';

/** Seconds, seconds of all processes on both ends, bytes received over the wire. */
export interface Cost {
  wall: number;
  cpu: number;
  bytes: number;
}

export interface SyncBench {
  folder: string;
  /** Change so many files, and the index with them, and publish. */
  release(changed: number): Promise<SignedHead>;
  sync(head: SignedHead): Promise<Cost>;
  ftpsync(): Promise<Cost>;
  /** @throws when one of the two copies is not the upstream's tree. */
  compare(): Promise<void>;
  stop(): Promise<void>;
}

const MIRROR = 'bench.example.org';
const RELEASE = 'dists/stable/Release';
const INDEX = 'dists/stable/main/binary-amd64/Packages';

/** An archive of so many small files, and two whole copies of it: ours, and ftpsync's. */
export async function setUpSyncBench(files: number): Promise<SyncBench> {
  const { path: folder } = await tempFolder('bench-sync');
  const [up, ours, theirs] = [join(folder, 'up'), join(folder, 'ours'), join(folder, 'theirs')];
  note(`building a tree of ${files} files in ${folder}`);
  await buildPlainTree(up, { files });
  await mkdir(join(up, INDEX, '..'), { recursive: true });
  const index = noise('index', Math.max(100_000, files * 10));
  await writeFile(join(up, INDEX), index);
  await writeFile(join(up, RELEASE), 'release 0\n');
  const daemon = await startDaemon(folder, up);
  const key = readSigningKey((await createKeyPair(join(folder, 'key'))).path);
  const publisher = createPublisher(up);
  let serial = 0;
  let changedSoFar = 0;

  const publish = async (changed: string[]): Promise<SignedHead> => {
    serial += 1;
    const named = { network: 'bench', archive: 'bench', epoch: 1, serial };
    const manifest = await publisher.publish(serial, changed);
    const issued = new Date(Math.floor(Date.now() / 1000) * 1000);
    const expires = new Date(issued.getTime() + 86_400_000);
    const head = signHead({ ...named, manifest, issued, expires }, key);
    await writeFile(join(up, 'project/pushmirror/Release.head'), head.bytes);
    return head;
  };
  const sync = async (head: SignedHead): Promise<Cost> => {
    return measured(daemon.pid, async () => {
      const result = await runSync({
        archive: archiveSettings(ours, daemon.url),
        agent: { name: MIRROR, trace: { host: 'bench' } },
        goal: () => head,
        via: 'push',
        stateDir: join(folder, 'state'),
        now: () => new Date(),
        signal: new AbortController().signal,
        onEvent: () => {},
      });
      if (result.kind !== 'committed') throw new Error(result.reason);
      return result.bytes;
    });
  };
  const ftpsync = () =>
    measured(daemon.pid, async () => {
      await tool(['ftpsync', 'sync:all'], { env: { HOME: join(folder, 'home'), LOGNAME: 'root' } });
      const trace = await readFile(join(theirs, 'project/trace', MIRROR), 'utf8');
      return parseTrace(trace).bytesReceived ?? 0;
    });

  note('publishing it, and making the first copies');
  const names = Array.from({ length: files }, (_, i) => plainName(i));
  const first = await publish([...names, INDEX, RELEASE]);
  const cost = await sync(first);
  note(`first sync of ours: ${cost.wall.toFixed(1)} s, ${cost.cpu.toFixed(1)} s of CPU`);
  await configureFtpsync(folder, theirs, daemon.port);
  await tool(['cp', '-a', up, theirs]);
  await ftpsync();

  return {
    folder,
    async release(changed) {
      const paths: string[] = [];
      for (let i = 0; i < changed; i += 1) {
        const name = plainName((changedSoFar * 7919) % files);
        changedSoFar += 1;
        await writeFile(join(up, name), noise(`${serial}${name}`, 200 + (serial % 50) + 1));
        paths.push(name);
      }
      index.write(`release ${serial}`, (serial * 4_099) % (index.length - 100));
      await writeFile(join(up, INDEX), index);
      await writeFile(join(up, RELEASE), `release ${'x'.repeat(serial)}\n`);
      return publish([...paths, INDEX, RELEASE]);
    },
    sync,
    ftpsync,
    async compare() {
      const ignore = (path: string) => /^project(\/|$)|^Archive-/.test(path);
      for (const copy of [ours, theirs]) {
        const [difference] = await compareTrees(up, copy, ignore);
        if (difference !== undefined) throw new Error(`${copy}: ${difference}`);
      }
    },
    stop: daemon.stop,
  };
}

async function measured(daemon: number, work: () => Promise<number>): Promise<Cost> {
  const [cpu, started] = [cpuOf('self') + cpuOf(daemon), performance.now()];
  const bytes = await work();
  const wall = (performance.now() - started) / 1000;
  return { wall, cpu: cpuOf('self') + cpuOf(daemon) - cpu, bytes };
}

const TICKS_A_SECOND = 100;

/** Of a process and all its children that have ended (proc_pid_stat(5)), in seconds. */
function cpuOf(process: number | 'self'): number {
  const fields = readFileSync(`/proc/${process}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_A_SECOND;
}

function archiveSettings(to: string, upstream: string) {
  return {
    name: 'bench',
    to,
    profile: 'debian' as const,
    upstream,
    fallbacks: [],
    mode: 'auto' as const,
    deadline: 3_600_000,
    max_delete: 40_000,
    include: [],
    exclude: [],
    architectures: { include: [], exclude: [] },
    hooks: {},
    upstream_busy: { wait: 1_000, retries: 1 },
    min_free: 0,
  };
}

async function configureFtpsync(folder: string, to: string, port: number): Promise<void> {
  const config = [
    `MIRRORNAME=${MIRROR}`,
    `TO=${to}/`,
    'MAILTO=""',
    'RSYNC_HOST=127.0.0.1',
    'RSYNC_PATH=bench',
    `RSYNC_EXTRA="--port=${port}"`,
    'EXCLUDE="--exclude=/project/pushmirror/"', // It would copy our metadata, too.
  ];
  await mkdir(join(folder, 'home/.config/ftpsync'), { recursive: true });
  await writeFile(join(folder, 'home/.config/ftpsync/ftpsync.conf'), `${config.join('\n')}\n`);
}

async function startDaemon(folder: string, path: string) {
  const port = await freePort();
  const config = join(folder, 'rsyncd.conf');
  const modules = [{ name: 'bench', path }];
  await writeFile(config, renderRsyncdConf({ address: '127.0.0.1', port, modules }));
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'TERM', 'rsync', '--daemon', '--no-detach', `--config=${config}`],
    {
      stdio: 'ignore',
    },
  );
  await once(child, 'spawn');
  await new Promise((resolve) => setTimeout(resolve, 500));
  return {
    pid: child.pid ?? 0,
    port,
    url: `rsync://127.0.0.1:${port}/bench`,
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
