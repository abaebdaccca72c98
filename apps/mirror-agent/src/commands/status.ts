import type { Command } from 'commander';
import { createCommittedStore } from '../committed.ts';
import { askDaemon } from '../control-client.ts';
import { AgentError } from '../errors.ts';
import { createInbox } from '../inbox.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { statePaths } from '../state/paths.ts';
import { stagedHead } from '../sync/manifest/staged.ts';
import { archiveStatus, type AgentStatus } from '../status.ts';
import { newCommand, type CommandContext, type CommonOptions, type Output } from './context.ts';
import { statusTable } from './status-table.ts';

const DEADLINE_MS = 10_000;

/** `mirror-agent status`: where each archive stands. */
export function statusCommand(context: CommandContext): Command {
  return newCommand(
    context,
    'status',
    'Show where each archive stands. Exit code 1 when one of them has failed.',
    'mirror-agent status --json',
  ).action(async ({ config, json }: CommonOptions) => {
    const status = await readStatus(loadSettings(config), context.output);
    const text = json === true ? JSON.stringify(status) : statusTable(status, new Date());
    context.output.stdout(`${text}\n`);
    context.exit(status.archives.some(({ state }) => state === 'failed') ? 1 : 0);
  });
}

async function readStatus(settings: Settings, output: Output): Promise<AgentStatus> {
  const { socket } = statePaths(settings.config.state);
  try {
    for await (const line of askDaemon(socket, { op: 'status' }, DEADLINE_MS)) {
      return line as AgentStatus;
    }
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'not-running') throw error;
  }
  return readFiles(settings, output);
}

/** Without a daemon: what its files say. */
async function readFiles({ config }: Settings, output: Output): Promise<AgentStatus> {
  const paths = statePaths(config.state);
  const warn = (path: string, reason: string) =>
    output.stderr(`${path} was moved aside: ${reason}\n`);
  const inbox = createInbox(paths.inbox, warn);
  const committed = createCommittedStore(paths.committed, warn);
  const archives = config.archive.map(async ({ name: archive, upstream, to }) =>
    archiveStatus({
      staged: await stagedHead(to, config.name),
      hold: await inbox.hold(archive),
      archive,
      upstream,
      state: 'unknown',
      goal: await inbox.head(archive),
      committed: await committed.read(archive),
    }),
  );
  return {
    mirror: config.name,
    network: config.network,
    running: false,
    archives: await Promise.all(archives),
  };
}
