import { Command } from 'commander';
import { readMasterConfig } from '../config.ts';
import { configPath, withCommonOptions, type CommonOptions } from './config-option.ts';

/** `mirror-master serve`: until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('run the master: API and page, pushes, heartbeat, rsync daemon')
    .addHelpText('after', '\nExample:\n  mirror-master serve --config /etc/pushmirror/master.toml');
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const config = readMasterConfig(configPath(options));
    // Loaded here, so that the commands that only ask the running master start quickly.
    const [{ pino }, { createMaster }] = await Promise.all([
      import('pino'),
      import('../master.ts'),
    ]);
    const logger = pino({
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: ['token', '*.token', 'headers.authorization', '*.headers.authorization'],
    });
    const asked = untilSignal(); // Before anything is started, so that a signal never cuts in half.
    const master = await createMaster({ config, logger, now: () => new Date() });
    try {
      await master.start();
      logger.info({ signal: await asked }, 'stopping');
    } finally {
      await master.destroy();
    }
    logger.info('stopped');
  });
}

function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}
