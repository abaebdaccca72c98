import { Command } from 'commander';
import { z } from 'zod';
import { rolloutSchema } from '../http/routes/schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { colouredState, printable, say, sayJson, sayTable } from './output.ts';
import { wholeNumber } from './parse.ts';
import { haltCommand, resumeCommand } from './rollout-hold.ts';
import { retryCommand } from './rollout-retry.ts';
import { pictureOf, rolloutWithPushes } from './rollout-picture.ts';
import { rolloutWords, whyOf } from './rollout-words.ts';
import { showLive } from './show-live.ts';

interface ShowOptions extends CommonOptions {
  follow?: boolean;
}

/** `mirror-master rollout list|show|halt|resume|retry` */
export function rolloutCommand(): Command {
  return new Command('rollout')
    .description('releases, and how far each has come')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(haltCommand())
    .addCommand(resumeCommand())
    .addCommand(retryCommand());
}

function listCommand(): Command {
  const command = new Command('list')
    .description('the newest first')
    .argument('[archive]')
    .option('--limit <number>', 'at most so many (20)', wholeNumber)
    .addHelpText('after', '\nExample:\n  mirror-master rollout list debian');
  return withCommonOptions(command).action(
    async (archive: string | undefined, options: CommonOptions & { limit?: number }) => {
      const query = new URLSearchParams({
        ...(archive === undefined ? {} : { archive }),
        ...(options.limit === undefined ? {} : { limit: String(options.limit) }),
      });
      const answer = z.object({ rollouts: z.array(rolloutSchema) });
      const path = `${apiPath('rollouts')}?${query.toString()}`;
      const { rollouts } = await createClient(options).get(path, answer);
      if (options.json === true) return sayJson({ rollouts });
      if (rollouts.length === 0) return say('Nothing was published yet.');
      sayTable(
        ['archive', 'serial', 'published', 'files', 'mirrors', 'committed', 'failed', 'open'],
        rollouts.map(({ archive: of, serial, publishedAt, files, mirrors }) => [
          of,
          String(serial),
          publishedAt,
          String(files),
          ...[mirrors.total, mirrors.committed, mirrors.failed, mirrors.open].map(String),
        ]),
      );
    },
  );
}

function showCommand(): Command {
  const command = new Command('show')
    .description('every mirror of one release')
    .argument('<archive>')
    .argument('[serial]', 'the newest when left out', wholeNumber)
    .option('--follow', 'show it live until every push has ended')
    .addHelpText(
      'after',
      '\nWith --follow: exit code 3 when some failed; with --json, one object a line.\n\nExample:\n  mirror-master rollout show debian 2026112100 --follow',
    );
  return withCommonOptions(command).action(
    async (archive: string, serial: number | undefined, options: ShowOptions) => {
      const client = createClient(options);
      const wanted = serial ?? (await newestSerial(client, archive));
      if (options.follow === true) {
        return showLive(client, { archive, serial: wanted }, options.json === true);
      }
      const rollout = await client.get(apiPath('rollouts', archive, wanted), rolloutWithPushes);
      if (options.json === true) return sayJson(rollout);
      const { mirrors } = rollout;
      say(
        `${archive} ${rollout.serial}, published ${rollout.publishedAt} by ${printable(rollout.publishedBy)}: ` +
          `${mirrors.committed} of ${mirrors.total} committed, ${mirrors.failed} failed, ${mirrors.open} open\n`,
      );
      for (const line of rolloutWords(pictureOf(rollout), new Date())) say(line);
      if (rollout.prunedAt !== null) say(`Its pushes were deleted ${rollout.prunedAt}.`);
      sayTable(
        ['tier', 'mirror', 'sent by', 'state', 'tries', 'since', 'reason'],
        rollout.pushes.map((push) => [
          String(push.tier),
          push.mirror,
          push.sender,
          colouredState(push.state),
          String(push.attempts),
          push.updatedAt,
          printable(whyOf(push) ?? ''),
        ]),
      );
    },
  );
}

async function newestSerial(client: ReturnType<typeof createClient>, archive: string) {
  const query = new URLSearchParams({ archive, limit: '1' });
  const answer = z.object({ rollouts: z.array(rolloutSchema) });
  const { rollouts } = await client.get(`${apiPath('rollouts')}?${query.toString()}`, answer);
  return rollouts[0]?.serial ?? 1; // Where there is none, the master says so.
}
