import { once } from 'node:events';
import { join } from 'node:path';
import { createDebianArchive, type DebianArchive } from '../harness/debian-archive.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { describeFailure } from './failure.ts';
import type { LiveTable } from './live-table.ts';
import { publishAndFollow } from './publish-and-follow.ts';
import { verifyMirrors } from './verify-mirrors.ts';

export interface DemoOptions {
  /** End after the second release; else stay up until `signal` aborts. */
  once: boolean;
  say: (line: string) => void;
  table: LiveTable;
  signal: AbortSignal;
  /** Called when all is done and the demo only stays up. */
  onUp: () => void;
}

const ARCHIVE = 'debian';
const TIERS = 3;

/** The main job, end to end. @returns the exit code: 0 only when every mirror converged. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { say, signal } = options;
  const started = performance.now();
  let network: Network | undefined;
  let archive: DebianArchive | undefined;
  try {
    say('Starting a master, two hubs and six leaves ...');
    network = await createNetwork({ hubs: 2, leavesPerHub: 3, archives: [ARCHIVE], signal });
    // The master looks at its mirrors from outside; here they are all on loopback.
    await network.master.configure((settings) => {
      settings['registration'] = { allow_addresses: ['127.0.0.0/8'] };
    });
    archive = await createDebianArchive({
      root: network.tree(ARCHIVE),
      work: join(network.folder, 'archive-work'),
    });
    await network.start();
    const page = `Status page: ${network.master.url}/`;
    say(`Nine processes run, each mirror with its own SSH server.\n${page}`);

    let result = { serial: 0, converged: 0 };
    for (const release of [1, 2]) result = await publishRelease(release, network, archive, options);
    const mirrors = network.mirrors.length;
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    if (!options.once) await stayUp(page, options);
    if (options.once) say(JSON.stringify({ mirrors, tiers: TIERS, ...result, seconds }));
    return 0;
  } catch (error) {
    if (signal.aborted && signal.reason !== 'deadline') {
      say('Stopped.');
      return 1;
    }
    const why = error instanceof Error ? error.message : String(error);
    say(`The demo failed: ${signal.aborted ? 'it took too long.' : why}`);
    if (network !== undefined) say(await describeFailure(network, ARCHIVE));
    return 1;
  } finally {
    await archive?.close();
    await network?.close();
  }
}

async function publishRelease(
  release: number,
  network: Network,
  archive: DebianArchive,
  { say, table, signal }: DemoOptions,
): Promise<{ serial: number; converged: number }> {
  const packages = await archive.build(release);
  signal.throwIfAborted();
  say(`\nRelease ${release}: a Debian archive of ${packages.length} packages. Publishing it:`);
  const published = await publishAndFollow(network, ARCHIVE, table, signal);
  const checked = await verifyMirrors(network, ARCHIVE, published.serial);
  if (checked.wrong.length > 0) throw new Error(checked.wrong.join('\n'));
  say(
    `Serial ${published.serial}: all ${checked.converged} mirrors serve its ${published.files} files ` +
      `byte for byte, ${published.seconds.toFixed(1)} s after publish.`,
  );
  return { serial: published.serial, converged: checked.converged };
}

async function stayUp(page: string, { say, signal, onUp }: DemoOptions): Promise<void> {
  onUp();
  say(`\n${page}\nCtrl-C ends it and leaves nothing behind.`);
  if (!signal.aborted) await once(signal, 'abort');
  say('Stopping ...');
}
