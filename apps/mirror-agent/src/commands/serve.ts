import type { Command } from 'commander';
import { startAgent } from '../agent.ts';
import { createLog } from '../log.ts';
import { loadSettings } from '../settings.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';

/** `mirror-agent serve`: the daemon. Ends cleanly on SIGTERM and SIGINT. */
export function serveCommand(context: CommandContext): Command {
  return newCommand(
    context,
    'serve',
    'Run the agent: take triggers, poll, sync, relay, report. It stays in the foreground.',
    'mirror-agent serve --config /etc/pushmirror/mirror-agent.toml',
  ).action(async ({ config, json }: CommonOptions) => {
    const settings = loadSettings(config);
    const log = createLog(settings.config.name);
    const stopped = new Promise<string>((resolve) => {
      process.once('SIGTERM', resolve);
      process.once('SIGINT', resolve);
    });
    const agent = await startAgent({
      settings,
      log,
      now: () => new Date(),
      random: Math.random,
      mode: 'serve',
    });
    const { sshServer, rsyncd } = agent.status();
    log.info({ sshServer, rsyncd }, 'ready');
    if (json === true) context.output.stdout(`${JSON.stringify({ ready: true })}\n`);
    log.info(`stopping on ${await stopped}`);
    await agent.destroy();
    log.info('stopped');
    context.exit(0);
  });
}
