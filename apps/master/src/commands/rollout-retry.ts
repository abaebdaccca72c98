import { Command } from 'commander';
import { retriedSchema } from '../http/routes/schemas.ts';
import { counted } from '../http/page/words.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { say, sayJson } from './output.ts';

const NAMED_AT_MOST = 10;

/** `mirror-master rollout retry ARCHIVE` */
export function retryCommand(): Command {
  const command = new Command('retry')
    .description(
      'send the newest release again to mirrors that were refused, given up, not reached',
    )
    .argument('<archive>')
    .option('--mirror <name>', 'this one only')
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master rollout retry debian --mirror ftp.uk.example.org',
    );
  return withCommonOptions(command).action(
    async (archive: string, options: CommonOptions & { mirror?: string }) => {
      const { mirror } = options;
      const body = mirror === undefined ? {} : { mirror };
      const path = apiPath('rollouts', archive, 'retry');
      const retried = await createClient(options).post(path, body, retriedSchema);
      if (options.json === true) return sayJson(retried);
      const { serial, mirrors } = retried;
      if (mirrors.length === 0) {
        return say(`Nothing of ${archive} ${serial} was refused, given up or unreachable.`);
      }
      const more = mirrors.length - NAMED_AT_MOST;
      const names =
        mirrors.slice(0, NAMED_AT_MOST).join(', ') + (more > 0 ? ` and ${more} more` : '');
      say(`${archive} ${serial} is sent again to ${counted(mirrors.length, 'mirror')}: ${names}.`);
      say(`Follow: mirror-master rollout show ${archive} --follow`);
    },
  );
}
