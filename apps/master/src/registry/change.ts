import { isCidr, isHost, isUser } from '@pushmirror/acl';
import { z } from 'zod';
import type { MirrorRow } from '../db/schema.ts';
import { plainText } from './plain-text.ts';

const text = z
  .string()
  .max(1000)
  .transform((given) => plainText(given));
const publicKey = z.string().min(1).max(16_384);

/** What an operator may change of a mirror; what is left out stays. */
export const changeSchema = z.strictObject({
  ssh: z
    .strictObject({
      host: z.string().refine(isHost, { error: 'expected a host name or an address' }),
      port: z.int().min(1).max(65_535),
      user: z.string().refine(isUser, { error: 'expected a plain user name' }),
    })
    .optional(),
  hostKey: publicKey.optional(),
  pushKey: publicKey.optional(),
  httpUrl: z
    .string()
    .max(500)
    .regex(/^https?:\/\/[^?#]+$/, { error: 'expected a URL of a folder' })
    .optional(),
  rsyncUrl: z
    .string()
    .max(300)
    .regex(/^rsync:\/\/[A-Za-z0-9.:[\]-]+$/, { error: 'expected a URL such as "rsync://host"' })
    .optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, { error: 'expected two capital letters such as "DE"' })
    .optional(),
  contact: text.refine((given) => given !== '', { error: 'expected some text' }).optional(),
  /** Whether everybody may see the contact. */
  contactPublic: z.boolean().optional(),
  sponsor: text.optional(),
  bandwidth: text.optional(),
  addresses: z
    .array(z.string().refine(isCidr, { error: 'expected an address or a network' }))
    .max(64)
    .optional(),
});

export type Change = z.output<typeof changeSchema>;

/** Whether a change is of what was proven when the mirror was registered. */
export function needsProof(change: Change): boolean {
  const { ssh, hostKey, httpUrl, rsyncUrl } = change;
  return [ssh, hostKey, httpUrl, rsyncUrl].some((one) => one !== undefined);
}

/** The columns that a change is of; its keys must have been checked. */
export function columnsOf(change: Change): Partial<MirrorRow> {
  const { ssh, hostKey, pushKey, httpUrl, rsyncUrl, addresses, contactPublic, ...texts } = change;
  const columns: { [K in keyof MirrorRow]?: MirrorRow[K] | undefined } = {
    ssh_host: ssh?.host,
    ssh_port: ssh?.port,
    ssh_user: ssh?.user,
    host_key: hostKey,
    push_key: pushKey,
    http_url: httpUrl,
    rsync_url: rsyncUrl,
    contact_public: contactPublic === undefined ? undefined : contactPublic ? 1 : 0,
    addresses: addresses === undefined ? undefined : JSON.stringify(addresses),
    ...texts,
  };
  const given = Object.entries(columns).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}
