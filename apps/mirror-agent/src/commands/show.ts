import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from './context.ts';
import { openDoor, operatorCommand, say, type OperatorOptions } from './operator.ts';

const text = z.string().nullable();
const mirror = z.looseObject({
  name: z.string(),
  state: z.string(),
  stateReason: text,
  stateAt: text,
  tier: z.number(),
  upstream: text,
  sender: z.string(),
  ssh: z.object({ host: z.string(), port: z.number(), user: z.string() }),
  hostKey: z.string(),
  httpUrl: text,
  rsyncUrl: text,
  country: text,
  contact: text,
  contactPublic: z.boolean().default(false),
  sponsor: text,
  bandwidth: text,
  addresses: z.array(z.string()),
  archives: z.array(z.looseObject({ archive: z.string(), serial: z.number().nullable() })),
});

/** `mirror-agent show` */
export function showCommand(context: CommandContext): Command {
  return operatorCommand(
    context,
    'show',
    'What the master knows of this mirror; mirror-agent change changes it.',
    'mirror-agent show',
  ).action(async (options: OperatorOptions) => {
    const known = await openDoor(options).get('', mirror);
    const { ssh } = known;
    const why = known.stateReason === null ? '' : ` since ${known.stateAt}: ${known.stateReason}`;
    const facts: [string, string | null][] = [
      ['mirror', `${known.name} (tier ${known.tier})`],
      ['state', `${known.state}${why}`],
      ['pulls from', known.upstream ?? 'master'],
      ['pushed by', known.sender],
      ['ssh', `${ssh.user}@${ssh.host}:${ssh.port}`],
      ['host key', known.hostKey],
      ['http', known.httpUrl],
      ['rsync', known.rsyncUrl],
      ['country', known.country],
      ['contact', contactOf(known)],
      ['sponsor', known.sponsor],
      ['bandwidth', known.bandwidth],
      ['addresses', known.addresses.length === 0 ? null : known.addresses.join(', ')],
    ];
    const lines = facts.flatMap(([what, value]) =>
      value === null ? [] : [`${`${what}:`.padEnd(12)}${value}`],
    );
    const claims = known.archives.map(
      ({ archive, serial }) => `${`${archive}:`.padEnd(12)}serial ${serial ?? 'none yet'}`,
    );
    say(context, options, known, [...lines, ...claims]);
  });
}

function contactOf({ contact, contactPublic }: z.infer<typeof mirror>): string | null {
  if (contact === null) return null;
  return `${contact} (${contactPublic ? 'everybody may see it' : 'for administrators only'})`;
}
