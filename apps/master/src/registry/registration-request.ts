import { isArchiveName, isCidr, isHost, isMirrorName, isUser } from '@pushmirror/acl';
import { z } from 'zod';
import { plainText } from './plain-text.ts';

const mirrorName = z
  .string()
  .max(253)
  .refine(isMirrorName, { error: 'expected a host name in lower case' });
const text = z
  .string()
  .max(1000)
  .transform((given) => plainText(given));
const some = text.refine((given) => given !== '', { error: 'expected some text' });
const publicKey = z.string().min(1).max(16_384);

/** What an operator says of a mirror. Names keep to strict characters, texts are made plain. */
export const registrationRequest = z.strictObject({
  name: mirrorName,
  /** An invitation, `pmi_...`. */
  invite: z.string().max(200).optional(),
  ssh: z.strictObject({
    host: z.string().refine(isHost, { error: 'expected a host name or an address' }),
    port: z.int().min(1).max(65_535),
    user: z.string().refine(isUser, { error: 'expected a plain user name' }),
  }),
  /** `ssh-ed25519 AAAA...`; the one key that the endpoint may show. */
  hostKey: publicKey,
  /** Of a mirror that will serve others: the key with which it pushes them. */
  pushKey: publicKey.optional(),
  /** Where readers reach the first archive; the challenge is looked for below it. */
  httpUrl: z
    .string()
    .max(500)
    .regex(/^https?:\/\//, { error: 'expected a URL such as "https://mirror.example.org/debian/"' })
    .optional(),
  rsyncUrl: z
    .string()
    .max(300)
    .regex(/^rsync:\/\/[A-Za-z0-9.:[\]-]+$/, {
      error: 'expected a URL such as "rsync://mirror.example.org"',
    })
    .optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, { error: 'expected two capital letters such as "DE"' })
    .optional(),
  contact: some,
  /** Whether everybody may see the contact. */
  contactPublic: z.boolean().default(false),
  sponsor: some.optional(),
  bandwidth: some.optional(),
  /** Where it pulls from: addresses and networks. */
  addresses: z
    .array(z.string().refine(isCidr, { error: 'expected an address or a network' }))
    .max(64)
    .default([]),
  archives: z
    .array(z.string().refine(isArchiveName, { error: 'expected an archive name' }))
    .min(1)
    .max(100),
  /** The upstream that it would like; the master decides. */
  upstream: mirrorName.optional(),
  /** Free bytes where each archive is to go. */
  space: z.record(z.string().max(64), z.number().nonnegative()).default({}),
});

export type RegistrationRequest = z.output<typeof registrationRequest>;

/** What is kept of it: without the invitation, which is a secret. */
export const keptRequest = registrationRequest.omit({ invite: true });
export type KeptRequest = z.output<typeof keptRequest>;
