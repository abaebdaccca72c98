import { Command, Option } from 'commander';
import { z } from 'zod';
import { inviteSchema, reviewSchema } from '../http/routes/registration-schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { printable, say, sayJson, sayTable } from './output.ts';
import { durationMs } from './parse.ts';

interface InviteOptions extends CommonOptions {
  label: string;
  mirror?: string;
  expires: number;
  list?: boolean;
  revoke?: string;
}

const WEEK_MS = 7 * 86_400_000;

/** `mirror-master mirror invite` */
export function inviteCommand(): Command {
  const command = new Command('invite')
    .description('invite an operator: their mirror needs no review, and may be registered at once')
    .option('--label <text>', 'whom it is for', 'an operator')
    .option('--mirror <name>', 'only for a mirror of this name')
    .addOption(
      new Option('--expires <time>', 'how long it counts, such as 12h or 30d')
        .argParser(durationMs)
        .default(WEEK_MS, '7d'),
    )
    .option('--list', 'show the invitations instead')
    .option('--revoke <id>', 'take one back instead')
    .addHelpText(
      'after',
      '\nThe operator gives it to mirror-agent register --invite. It counts once.\n\nExample:\n  mirror-master mirror invite --label "University of Example" --expires 30d',
    );
  return withCommonOptions(command).action(async (options: InviteOptions) => {
    const client = createClient(options);
    if (options.list === true) return listInvites(options);
    if (options.revoke !== undefined) {
      const answer = z.object({ id: z.string(), revoked: z.boolean() });
      const ended = await client.delete(apiPath('invites', options.revoke), answer);
      return options.json === true ? sayJson(ended) : say(`Revoked ${ended.id}.`);
    }
    const { label, mirror, expires: validMs } = options;
    const answer = z.object({ id: z.string(), invite: z.string(), expiresAt: z.string() });
    const made = await client.post(apiPath('invites'), { label, mirror, validMs }, answer);
    if (options.json === true) return sayJson(made);
    say(made.invite);
  });
}

async function listInvites(options: InviteOptions): Promise<void> {
  const answer = z.object({ invites: z.array(inviteSchema) });
  const { invites } = await createClient(options).get(apiPath('invites'), answer);
  if (options.json === true) return sayJson({ invites });
  sayTable(
    ['invitation', 'for', 'mirror', 'made by', 'expires', 'used'],
    invites.map((one) => [
      one.id,
      printable(one.label),
      one.mirror ?? 'any',
      printable(one.createdBy),
      one.revokedAt === null ? one.expiresAt : `revoked ${one.revokedAt}`,
      one.usedAt === null ? '' : `${one.usedAt} ${one.usedFor ?? ''}`,
    ]),
  );
}

/** `mirror-master mirror waiting` */
export function waitingCommand(): Command {
  const command = new Command('waiting')
    .description('registrations under way: what is missing, and who waits for approval')
    .addHelpText('after', '\nExample:\n  mirror-master mirror waiting');
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const answer = z.object({ registrations: z.array(reviewSchema) });
    const { registrations } = await createClient(options).get(apiPath('registrations'), answer);
    if (options.json === true) return sayJson({ registrations });
    if (registrations.length === 0) return say('No registration is under way.');
    for (const one of registrations) {
      const { contact, country, httpUrl, archives, upstream: wish } = one.request;
      const again = one.renewal ? ', known already' : '';
      say(
        `${one.mirror}  ${one.state}${again}  ${one.id}  since ${one.createdAt} from ${one.origin}`,
      );
      say(
        `  ${[contact, country, httpUrl]
          .filter((text) => typeof text === 'string')
          .map(printable)
          .join('  ')}`,
      );
      const wanted = Array.isArray(archives) ? archives.join(', ') : '';
      const from = typeof wish === 'string' ? `, from ${wish}` : '';
      say(`  wants ${printable(wanted + from)}`);
      if (one.sameHostKeyAs.length > 0) {
        say(`  look: its SSH endpoint shows the host key of ${one.sameHostKeyAs.join(', ')}`);
      }
      for (const text of one.missing) say(`  missing: ${printable(text)}`);
      for (const text of one.advised) say(`  better: ${printable(text)}`);
    }
  });
}

/** `mirror-master mirror approve` */
export function approveCommand(): Command {
  const command = new Command('approve')
    .description('make a mirror of a registration that has proven itself')
    .argument('<mirror>', 'its name, or the number of the registration')
    .option('--upstream <mirror>', 'where it pulls from, instead of where the policy puts it')
    .addHelpText('after', '\nExample:\n  mirror-master mirror approve mirror.example.org');
  return withCommonOptions(command).action(
    async (which: string, options: CommonOptions & { upstream?: string }) => {
      const { upstream } = options;
      const path = apiPath('registrations', which, 'approve');
      const approved = await createClient(options).post(path, { upstream }, reviewSchema);
      if (options.json === true) return sayJson(approved);
      say(`${approved.mirror} is a mirror now. Its agent takes its configuration by itself.`);
    },
  );
}

/** `mirror-master mirror refuse` */
export function refuseCommand(): Command {
  const command = new Command('refuse')
    .description('refuse a registration')
    .argument('<mirror>', 'its name, or the number of the registration')
    .requiredOption('--reason <text>', 'its operator is told')
    .addHelpText(
      'after',
      '\nExample:\n  mirror-master mirror refuse x.example.org --reason "no contact"',
    );
  return withCommonOptions(command).action(
    async (which: string, options: CommonOptions & { reason: string }) => {
      const path = apiPath('registrations', which, 'refuse');
      const refused = await createClient(options).post(
        path,
        { reason: options.reason },
        reviewSchema,
      );
      if (options.json === true) return sayJson(refused);
      say(`Refused ${refused.mirror} (${refused.id}).`);
    },
  );
}
