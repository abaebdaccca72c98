import type { Command } from 'commander';
import { startAgent } from '../agent.ts';
import { askDaemon } from '../control-client.ts';
import { syncLine, type SyncLine } from '../control-protocol.ts';
import { AgentError } from '../errors.ts';
import { createWakeup } from '../converge/wakeup.ts';
import { createLog } from '../log.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { statePaths } from '../state/paths.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';
import { createSyncView } from './sync-view.ts';

interface SyncOptions extends CommonOptions {
  force?: true;
}

/** A sync says something at least so often, or waits for its upstream. */
const SILENCE_MS = 24 * 3_600_000;

/** `mirror-agent sync`: ask for news now, sync to it, and show how it goes. */
export function syncCommand(context: CommandContext): Command {
  return newCommand(
    context,
    'sync',
    'Ask the upstream now and sync if there is news. Works with and without the daemon.',
    'mirror-agent sync debian',
  )
    .argument('[archive]', 'all archives when left out')
    .option('--force', 'sync even where there is nothing new')
    .action(async (archive: string | undefined, options: SyncOptions) => {
      const settings = loadSettings(options.config);
      const asked = { archive, force: options.force === true };
      const view = createSyncView(options.json === true);
      let ok = false;
      for await (const line of run(settings, asked)) {
        if (line.type === 'done') ok = line.ok;
        else view.show(line);
      }
      view.end();
      context.exit(ok ? 0 : 1);
    });
}

interface Asked {
  archive: string | undefined;
  force: boolean;
}

/** By the daemon where there is one, which has the state folder to itself; else on our own. */
async function* run(settings: Settings, { archive, force }: Asked): AsyncGenerator<SyncLine> {
  const { config } = settings;
  if (archive !== undefined && !config.archive.some(({ name }) => name === archive)) {
    const known = config.archive.map(({ name }) => name).join(', ');
    throw new AgentError('usage', `This mirror does not carry ${archive}. It carries: ${known}.`);
  }
  try {
    const named = archive === undefined ? {} : { archive };
    const request = { op: 'sync', force, ...named } as const;
    for await (const line of askDaemon(statePaths(config.state).socket, request, SILENCE_MS)) {
      yield syncLine.parse(line);
    }
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'not-running') throw error;
    yield* runAlone(settings, { archive, force });
  }
}

async function* runAlone(settings: Settings, asked: Asked): AsyncGenerator<SyncLine> {
  const log = createLog(settings.config.name);
  log.level = 'warn';
  const agent = await startAgent({
    settings,
    log,
    now: () => new Date(),
    random: Math.random,
    mode: 'once',
  });
  const stop = () => void agent.destroy();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    const lines: SyncLine[] = [];
    const told = new AbortController();
    const wakeup = createWakeup(told.signal);
    const send = (line: SyncLine) => {
      lines.push(line);
      wakeup.wake();
    };
    const working = agent
      .sync(asked, send, new AbortController().signal)
      .finally(() => told.abort());
    working.catch(() => {}); // It is awaited below, when all has been told.
    while (!told.signal.aborted) {
      yield* lines.splice(0);
      await wakeup.wait();
    }
    await working;
    yield* lines.splice(0);
  } finally {
    await agent.destroy();
  }
}
