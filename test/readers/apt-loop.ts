import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import { createAptClient } from '../harness/apt-client.ts';
import { serveTree } from '../harness/http-tree.ts';
import type { History } from './history.ts';

export interface AptLoopOptions {
  /** Which mirror it reads, for the history. */
  mirror: string;
  tree: string;
  /** For the clients' own folders. */
  folder: string;
  keyFile: string;
  random: Random;
  history: History;
  signal: AbortSignal;
}

const PAUSE_MS = 20;
const SOON_MS = 100;

/** The real apt-get over HTTP, in turn by digest and by name, until the signal aborts. */
export async function readWithApt(options: AptLoopOptions): Promise<void> {
  const { mirror, tree, folder, keyFile, random, history, signal } = options;
  const server = await serveTree(tree);
  try {
    const ways = [
      { how: 'by-hash', byHash: 'yes' },
      { how: 'by-name', byHash: 'no' },
    ] as const;
    const clients = await Promise.all(
      ways.map(async ({ how, byHash }) => ({
        how,
        apt: await createAptClient(join(folder, how), server.url, keyFile, { byHash }),
      })),
    );
    while (!signal.aborted && !existsSync(join(tree, 'dists/trixie-updates/InRelease'))) {
      await delay(PAUSE_MS);
    }
    while (!signal.aborted) {
      for (const { how, apt } of clients) {
        const before = await releases(tree);
        let doing = 'update';
        try {
          await apt.update();
          doing = 'download';
          await apt.download(random.pick(await apt.packages()));
          history.note('apt', { mirror, how, release: before });
        } catch (error) {
          const reason = error instanceof Error ? error.message.slice(-1_500) : String(error);
          const after = await whatAfter(tree, before);
          history.note('apt', { mirror, how, release: before, fault: doing, after, reason });
        }
        await delay(PAUSE_MS);
      }
    }
  } finally {
    await server.close();
  }
}

async function whatAfter(tree: string, before: string) {
  if ((await releases(tree)) !== before) return 'straddled';
  await delay(SOON_MS);
  return (await releases(tree)) === before ? 'stood' : 'switching';
}

/** Of both suites, as the mirror shows them now. */
async function releases(tree: string): Promise<string> {
  const hash = createHash('sha256');
  for (const suite of ['trixie', 'trixie-updates']) {
    hash.update(await readFile(join(tree, 'dists', suite, 'InRelease')).catch(() => ''));
  }
  return hash.digest('hex').slice(0, 16);
}
