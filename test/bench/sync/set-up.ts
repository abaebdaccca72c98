import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OWN_FOLDER } from '@pushmirror/manifest';
import { parseTrace } from '@pushmirror/trace';
import { readSigningKey, signHead } from '@pushmirror/trigger';
import { buildPlainTree, noise, plainName } from '../../harness/plain-tree.ts';
import { createKeyPair } from '../../harness/ssh-keys.ts';
import { tempFolder } from '../../harness/temp-folder.ts';
import { tool } from '../../harness/tool.ts';
import { askedProcess } from '../push/asked.ts';
import { childrenCpuOf, cpuOf } from '../push/cpu.ts';
import { note } from '../push/figures.ts';
import { startDaemon } from './daemon.ts';
import { ARCHIVE, archiveSettings, configureFtpsync, MIRROR } from './settings.ts';

/** Seconds, seconds of all processes on both ends, bytes received over the wire. */
export interface Cost {
  wall: number;
  cpu: number;
  bytes: number;
}

/** Where the CPU went: the agent itself, the programs on the mirror's side, the upstream's daemon. */
export interface Shares {
  agent: number;
  programs: number;
  upstream: number;
}

export interface SyncBench {
  /** Change so many files, and the index with them, and publish. */
  release(changed: number): Promise<void>;
  sync(): Promise<Cost & Shares>;
  /** `agent`, which is not in the sum: what ours still did meanwhile, tidying up its memory. */
  ftpsync(): Promise<Cost & Shares>;
  /** @throws when one of the two copies is not the upstream's tree, as far as it was changed. */
  compare(): Promise<void>;
  /** The most memory that the agent ever had, in MiB. */
  peakMb(): number;
  stop(): Promise<void>;
}

const RELEASE = 'dists/stable/Release';
const INDEX = 'dists/stable/main/binary-amd64/Packages';
const DEADLINE_MS = 3_600_000;
/** Says nothing when two trees have the same names, kinds, sizes, modes and times to the second. */
const COMPARE = [
  'rsync',
  '-rlptn',
  '--delete',
  '--omit-dir-times',
  '--modify-window=1',
  '--exclude=/project',
  '--exclude=/Archive-*',
  '--out-format=%i %n',
] as const;

interface Published {
  manifest: { sha256: string; bytes: number };
}
interface Synced {
  wall: number;
  bytes: number;
  peakMb: number;
}

/**
 * An archive of so many small files, and two whole copies of it: ours, and ftpsync's. With `keep`
 * all of it stays in that folder, and the next run begins where this one ends.
 */
export async function setUpSyncBench(files: number, keep?: string): Promise<SyncBench> {
  const temp = keep === undefined ? await tempFolder('bench-sync') : undefined;
  const folder = keep ?? temp?.path ?? '';
  const [up, ours, theirs] = [join(folder, 'up'), join(folder, 'ours'), join(folder, 'theirs')];
  const serialFile = join(folder, `serial-of-${files}`);
  const isNew = !existsSync(serialFile);
  if (isNew) await buildArchive(folder, up, files);

  const daemon = await startDaemon(folder, up);
  await configureFtpsync(folder, theirs, daemon.port);
  const key = readSigningKey(join(folder, 'key'));
  const publisher = askedProcess<object, Published>(
    new URL('../publish/publisher.mjs', import.meta.url),
  );
  const mirror = askedProcess<object, Synced>(new URL('mirror.mjs', import.meta.url));
  let serial = isNew ? 0 : Number(readFileSync(serialFile, 'utf8'));
  let head = '';
  let peak = 0;
  const touched = new Set([INDEX, RELEASE]);
  const index = noise('index', Math.max(100_000, files * 10));

  const publish = async (): Promise<void> => {
    serial += 1;
    const named = { network: 'bench', archive: ARCHIVE, epoch: 1, serial };
    const notes = { root: up, cacheDir: join(folder, 'cache'), deleteLimit: files };
    const { manifest } = await publisher.ask({ ...notes, ...named });
    const issued = new Date(Math.floor(Date.now() / 1000) * 1000);
    const expires = new Date(issued.getTime() + 86_400_000);
    const { sha256, bytes } = manifest;
    const signed = signHead({ ...named, manifest: { sha256, bytes }, issued, expires }, key);
    await writeFile(join(up, 'project/pushmirror/Release.head'), signed.bytes);
    head = signed.bytes.toString('latin1');
    await writeFile(serialFile, String(serial));
  };
  const measured = async (
    by: 'agent' | 'ftpsync',
    work: () => Promise<{ wall: number; bytes: number }>,
  ) => {
    const before = shares();
    const { wall, bytes } = await work();
    await daemon.idle(); // Until then the CPU of its children is not in its sum.
    const after = shares();
    const programs = after.programs - before.programs;
    const upstream = after.upstream - before.upstream;
    const agent = after.agent - before.agent;
    const cpu = programs + upstream + (by === 'agent' ? agent : 0);
    return { wall, cpu, bytes, agent, programs, upstream };
  };
  const shares = (): Shares => ({
    agent: cpuOf(mirror.pid) - childrenCpuOf(mirror.pid),
    programs: childrenCpuOf(mirror.pid) + childrenCpuOf('self'),
    upstream: cpuOf(daemon.pid),
  });
  const sync = () =>
    measured('agent', async () => {
      const synced = await mirror.ask({
        head,
        archive: archiveSettings(ours, daemon.url),
        agent: { name: MIRROR, trace: { host: 'bench' } },
        stateDir: join(folder, 'state'),
      });
      peak = Math.max(peak, synced.peakMb);
      return synced;
    });
  const ftpsync = () =>
    measured('ftpsync', async () => {
      const started = performance.now();
      await tool(['ftpsync', 'sync:all'], {
        env: { HOME: join(folder, 'home'), LOGNAME: 'root' },
        deadlineMs: DEADLINE_MS,
      });
      const wall = (performance.now() - started) / 1000;
      const trace = await readFile(join(theirs, 'project/trace', MIRROR), 'utf8');
      return { wall, bytes: parseTrace(trace).bytesReceived ?? 0 };
    });
  const stop = async () => {
    await Promise.all([publisher.stop(), mirror.stop(), daemon.stop()]);
    await temp?.remove();
  };

  try {
    if (isNew) {
      note('publishing it, and making the first copies');
      await publish();
      for (const copy of [theirs, ours]) {
        await rm(copy, { recursive: true, force: true });
        await tool(['cp', '-a', up, copy], { deadlineMs: DEADLINE_MS });
        await rm(join(copy, OWN_FOLDER), { recursive: true });
      }
      const { wall, cpu } = await sync(); // It finds that all is there.
      note(
        `ours takes its copy over: ${wall.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU, ${peak} MiB`,
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    async release(changed) {
      for (let i = 0; i < changed; i += 1) {
        const name = plainName(((serial * changed + i) * 7919) % files);
        touched.add(name);
        await rm(join(up, name)); // A new file, as tools that publish make them.
        await writeFile(join(up, name), noise(`${serial}${name}`, 200 + (serial % 50) + 1));
      }
      index.write(`release ${serial}`, (serial * 4_099) % (index.length - 100));
      await writeFile(join(up, INDEX), index);
      await writeFile(join(up, RELEASE), `release ${'x'.repeat(serial)}\n`);
      await publish();
    },
    sync,
    ftpsync,
    async compare() {
      for (const copy of [ours, theirs]) {
        const told = await tool([...COMPARE, `${up}/`, `${copy}/`], { deadlineMs: DEADLINE_MS });
        if (told !== '') throw new Error(`${copy} is not as ${up}:\n${told.slice(0, 2_000)}`);
        for (const name of touched) {
          if ((await readFile(join(up, name))).equals(await readFile(join(copy, name)))) continue;
          throw new Error(`${name} in ${copy} is not as it is in ${up}`);
        }
      }
    },
    peakMb: () => peak,
    stop,
  };
}

async function buildArchive(folder: string, up: string, files: number): Promise<void> {
  note(`building a tree of ${files} files in ${folder}`);
  for (const part of ['up', 'ours', 'theirs', 'state', 'cache', 'home', 'key', 'key.pub']) {
    await rm(join(folder, part), { recursive: true, force: true });
  }
  await buildPlainTree(up, { files });
  await mkdir(join(up, INDEX, '..'), { recursive: true });
  await writeFile(join(up, INDEX), noise('index', Math.max(100_000, files * 10)));
  await writeFile(join(up, RELEASE), 'release 0\n');
  await createKeyPair(join(folder, 'key'));
}
