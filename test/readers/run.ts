import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../faults/random.ts';
import { compareTrees } from '../harness/compare-trees.ts';
import { createDebianArchive } from '../harness/debian-archive.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { createService, type Service } from '../harness/service.ts';
import { waitFor } from '../harness/wait.ts';
import { readWithApt } from './apt-loop.ts';
import { createHistory, type History } from './history.ts';
import { createKills } from './kills.ts';
import { planKills } from './schedule.ts';
import { createStockMirror, isFtpsyncThere, type StockMirror } from './stock-mirror.ts';

export interface ReaderRunOptions {
  seed: number;
  publishes: number;
  packages: number;
  /** Each publish waits until both mirrors have the one before, and only then changes the archive. */
  calm: boolean;
  /** How long a mirror keeps what a release dropped, in seconds. */
  keepSeconds: number;
  /** No further publish begins after so long, in milliseconds. */
  longestMs: number;
  /** Where the histories are left; empty. */
  folder: string;
  say: (line: string) => void;
  signal: AbortSignal;
}

const ARCHIVE = 'debian';
const CONVERGED_MS = 60_000;
const SAY_EVERY = 10;

/**
 * A real Debian archive changes and is published again and again; master, hub and leaf are real
 * processes, and so is a stock ftpsync that pulls from the same master. Both leaves are read all
 * the time, and killed at random. What was seen is left in the folder for `judge`.
 */
export async function runReaders(options: ReaderRunOptions): Promise<void> {
  const { seed, publishes, folder, say, signal } = options;
  const history = createHistory(join(folder, 'history.ndjson'));
  history.note('run', { seed, publishes, calm: options.calm });
  const archiveSettings = {
    delete_after: `${options.keepSeconds}s`,
    poll: { every: '1h', jitter: '1s' },
  };
  const network = await createNetwork({ archiveSettings, signal });
  const archive = await createDebianArchive({
    root: network.tree(ARCHIVE),
    work: join(network.folder, 'work'),
    packages: options.packages,
  });
  const stop = new AbortController();
  const readers: Service[] = [];
  try {
    const stock = isFtpsyncThere()
      ? await createStockMirror(join(network.folder, 'stock'), network.master.rsyncPort)
      : undefined;
    if (stock === undefined) say('ftpsync is not installed: only our mirror is read.');
    await network.start();
    const mirrors = [
      { mirror: 'ours', tree: network.leaves[0]!.tree(ARCHIVE) },
      ...(stock === undefined ? [] : [{ mirror: 'ftpsync', tree: stock.tree }]),
    ];
    const keyFile = join(archive.root, 'archive-key.asc');
    const random = createRandom(seed ^ 0xa97);
    for (const one of mirrors) readers.push(startReader(one, folder, seed));
    await Promise.all(readers.map((reader) => reader.start()));
    const apts = mirrors.map(({ mirror, tree }) =>
      readWithApt({
        mirror,
        tree,
        folder: join(network.folder, `apt-${mirror}`),
        keyFile,
        random,
        history,
        signal: stop.signal,
      }),
    );
    const reading = Promise.all(apts);
    reading.catch(() => {}); // Awaited below.
    const publishing = { network, stock, archive, history, options };
    await settle(publishing, await publishAll(publishing));
    stop.abort();
    await reading;
    await Promise.all(readers.map((reader) => reader.stop()));
    history.note('end', Object.fromEntries(await compareAll(archive.root, mirrors)));
    say(`All is read. History: ${folder}`);
  } finally {
    stop.abort();
    await Promise.all(readers.map((reader) => reader.stop()));
    await archive.close();
    await network.close();
  }
}

function startReader(
  { mirror, tree }: { mirror: string; tree: string },
  folder: string,
  seed: number,
): Service {
  const program = join(import.meta.dirname, 'reader/main.ts');
  const lines = join(folder, `reader-${mirror}.ndjson`);
  return createService({
    name: `reader of ${mirror}`,
    argv: [process.execPath, '--import', 'tsx', program, tree, lines, String(seed)],
    logFile: join(folder, `reader-${mirror}.log`),
    ready: async () => true,
  });
}

interface Publishing {
  network: Network;
  stock: StockMirror | undefined;
  archive: { build(release: number): Promise<unknown> };
  history: History;
  options: ReaderRunOptions;
}

interface Published {
  number: number;
  serial: number;
}

/** @returns the last one. */
async function publishAll(publishing: Publishing): Promise<Published> {
  const { network, stock, options } = publishing;
  const { seed, publishes, longestMs, say, signal } = options;
  const [leaf, hub] = [network.leaves[0]!, network.hubs[0]!].map((mirror) => ({
    service: mirror.service,
    tree: mirror.tree(ARCHIVE),
  }));
  const kills = createKills({ leaf: leaf!, hub: hub!, ftpsync: stock }, publishing.history, signal);
  const endAt = performance.now() + longestMs;
  let last: Published | undefined;
  for (const step of planKills(seed, publishes)) {
    if (performance.now() > endAt) {
      say(`The time is up: ${step.number - 1} of ${publishes} publishes were made.`);
      break;
    }
    await delay(step.pauseMs, undefined, { signal });
    const serial = await publish(publishing, step.number);
    last = { number: step.number, serial };
    for (const kill of step.kills) kills.plan(kill);
    // The first is the whole archive: there is nothing to read before it is there.
    if (options.calm || step.number === 1) {
      await kills.done();
      await converged(publishing, serial);
    }
    if (step.number % SAY_EVERY === 0) say(`${step.number} of ${publishes}: serial ${serial}.`);
  }
  await kills.done();
  if (last === undefined) throw new Error('There was no time for any publish.');
  return last;
}

async function publish(
  { network, stock, archive, history }: Publishing,
  number: number,
): Promise<number> {
  await archive.build(number);
  const { serial } = await network.master.api<{ serial: number }>(
    `/v1/archives/${ARCHIVE}/releases`,
    {},
  );
  stock?.push();
  history.note('publish', { number, serial });
  return serial;
}

async function converged({ network, stock }: Publishing, serial: number): Promise<void> {
  await network.waitForSerial(network.leaves[0]!, ARCHIVE, serial, CONVERGED_MS);
  await stock?.idle();
}

/** The last one once more when its grace period has passed, so that what was dropped goes. */
async function settle(publishing: Publishing, last: Published): Promise<void> {
  const { network, options } = publishing;
  await converged(publishing, last.serial);
  await delay(options.keepSeconds * 1_000, undefined, { signal: options.signal });
  await converged(publishing, await publish(publishing, last.number));
  const leaf = network.leaves[0]!;
  // Deletes come after the claim.
  await waitFor(async () => (await network.differences(leaf, ARCHIVE)).length === 0, {
    deadlineMs: 20_000,
    describe: 'the leaf is the archive, byte for byte',
  }).catch(() => {}); // `end` tells what differs.
}

async function compareAll(root: string, mirrors: { mirror: string; tree: string }[]) {
  return Promise.all(
    mirrors.map(async ({ mirror, tree }) => [mirror, await compareTrees(root, tree)] as const),
  );
}
