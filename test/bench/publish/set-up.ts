import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
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
  publish(): Promise<Cost>;
  find(): Promise<Cost>;
  sha256sum(): Promise<Cost>;
  /** The next publish is a first one. */
  forget(): Promise<void>;
  /** The most memory the publishing process ever had, in MiB. */
  peakMb(): number;
  stop(): Promise<void>;
}

const DEADLINE_MS = 30 * 60_000;

/** An archive of so many files, and a process that publishes it with what was built. */
export async function setUpPublishBench(files: number, bytes: number): Promise<PublishBench> {
  const temp = await tempFolder('bench-publish');
  const [tree, cacheDir] = [join(temp.path, 'tree'), join(temp.path, 'cache')];
  note(`building a tree of ${files} files of ${bytes} bytes in ${temp.path}`);
  await buildPlainTree(tree, { files, bytes, perFolder: 500 });
  const publisher = askedProcess<object, Cost & { peakMb: number }>(
    new URL('publisher.mjs', import.meta.url),
  );
  let serial = 0;
  let peak = 0;
  const cores = availableParallelism();
  const hashAll = `find "$1" -path "$1/project" -prune -o -type f -print0 | xargs -0 -P ${cores} -n 500 sha256sum >/dev/null`;

  return {
    tree,
    async publish() {
      serial += 1;
      const answer = await publisher.ask({ root: tree, cacheDir, serial, deleteLimit: files });
      peak = Math.max(peak, answer.peakMb);
      return { wall: answer.wall, cpu: answer.cpu };
    },
    find: () => measured(['find', tree, '-fprintf', '/dev/null', '%p %s %T@ %C@ %i\\n']),
    sha256sum: () => measured(['sh', '-c', hashAll, 'sh', tree]),
    async forget() {
      await rm(cacheDir, { recursive: true, force: true });
      await rm(join(tree, 'project'), { recursive: true, force: true });
    },
    peakMb: () => peak,
    async stop() {
      await publisher.stop();
      await temp.remove();
    },
  };
}

async function measured(argv: [string, ...string[]]): Promise<Cost> {
  const [cpu, started] = [childrenCpuOf('self'), performance.now()];
  await tool(argv, { deadlineMs: DEADLINE_MS });
  return { wall: (performance.now() - started) / 1000, cpu: childrenCpuOf('self') - cpu };
}
