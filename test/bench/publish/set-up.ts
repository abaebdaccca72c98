import { existsSync, statSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { MANIFEST_FOLDER } from '@pushmirror/manifest';
import { buildPlainTree } from '../../harness/plain-tree.ts';
import { tempFolder } from '../../harness/temp-folder.ts';
import { tool } from '../../harness/tool.ts';
import { askedProcess } from '../push/asked.ts';
import { childrenCpuOf } from '../push/cpu.ts';
import { note } from '../push/figures.ts';

/** Seconds, and seconds of CPU of all threads and processes. */
export interface Cost {
  wall: number;
  cpu: number;
}

export interface PublishBench {
  tree: string;
  /** `written`: bytes of the manifest's files that were not there before. */
  publish(): Promise<Cost & { written: number }>;
  find(): Promise<Cost>;
  sha256sum(): Promise<Cost>;
  /** The next publish is a first one. */
  forget(): Promise<void>;
  /** The most memory the publishing process ever had, in MiB. */
  peakMb(): number;
  stop(): Promise<void>;
}

const DEADLINE_MS = 30 * 60_000;

/**
 * An archive of so many files, and a process that publishes it with what was built. With `keep` the
 * tree stays in that folder, for the next run with as many files.
 */
export async function setUpPublishBench(
  files: number,
  bytes: number,
  keep?: string,
): Promise<PublishBench> {
  const temp = keep === undefined ? await tempFolder('bench-publish') : undefined;
  const folder = keep ?? temp?.path ?? '';
  const [tree, cacheDir] = [join(folder, 'tree'), join(folder, 'cache')];
  const built = join(folder, `built-${files}-${bytes}`);
  if (!existsSync(built)) {
    note(`building a tree of ${files} files of ${bytes} bytes in ${folder}`);
    await rm(tree, { recursive: true, force: true });
    await buildPlainTree(tree, { files, bytes, perFolder: 500 });
    await writeFile(built, '');
  }
  const publisher = askedProcess<object, Cost & { peakMb: number }>(
    new URL('publisher.mjs', import.meta.url),
  );
  let serial = Math.floor(Date.now() / 1000);
  let peak = 0;
  const cores = availableParallelism();
  const hashAll = `find "$1" -path "$1/project" -prune -o -type f -print0 | xargs -0 -P ${cores} -n 500 sha256sum >/dev/null`;

  let known = new Set<string>();
  const written = async () => {
    const manifest = join(tree, MANIFEST_FOLDER);
    const names = await readdir(manifest);
    const fresh = names.filter((name) => !known.has(name));
    known = new Set(names);
    return fresh.reduce((sum, name) => sum + statSync(join(manifest, name)).size, 0);
  };

  return {
    tree,
    async publish() {
      serial += 1;
      const answer = await publisher.ask({ root: tree, cacheDir, serial, deleteLimit: files });
      peak = Math.max(peak, answer.peakMb);
      return { wall: answer.wall, cpu: answer.cpu, written: await written() };
    },
    find: () => measured(['find', tree, '-fprintf', '/dev/null', '%p %s %T@ %C@ %i\\n']),
    sha256sum: () => measured(['sh', '-c', hashAll, 'sh', tree]),
    async forget() {
      known = new Set();
      await rm(cacheDir, { recursive: true, force: true });
      await rm(join(tree, 'project'), { recursive: true, force: true });
    },
    peakMb: () => peak,
    async stop() {
      await publisher.stop();
      await temp?.remove();
    },
  };
}

async function measured(argv: [string, ...string[]]): Promise<Cost> {
  const [cpu, started] = [childrenCpuOf('self'), performance.now()];
  await tool(argv, { deadlineMs: DEADLINE_MS });
  return { wall: (performance.now() - started) / 1000, cpu: childrenCpuOf('self') - cpu };
}
