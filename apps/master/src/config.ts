import { isCidr } from '@pushmirror/acl/cidr';
import { isArchiveName, isHost, isMirrorName } from '@pushmirror/acl/names';
import { absolutePath, duration, loadConfig, port } from '@pushmirror/config';
import { z } from 'zod';
import { forUrl, localUrl } from './local-url.ts';
import { isMailAddress } from './notify/address.ts';

const address = z.union([z.ipv4(), z.ipv6()], { error: 'expected an IP address' });
const range = z.string().refine(isCidr, {
  error: 'expected an address or network such as "192.0.2.0/24", with no bits behind its prefix',
});
const url = (schemes: RegExp, what: string) =>
  z
    .string()
    .max(500)
    .regex(schemes, { error: `expected ${what}` });
const THIS_MACHINE = ['127.0.0.0/8', '::1/128'];
const trustedProxies = z
  .union([z.boolean(), z.array(range).max(1000)], {
    error: 'expected true, false or a list of addresses',
  })
  .default(false)
  .transform((given) => (given === true ? THIS_MACHINE : given === false ? [] : given));

/** `master.toml`, as it is written; config/master.toml shows every key with its meaning. */
export const masterSchema = z.strictObject({
  network: z.string().refine(isArchiveName, { error: 'expected a name of a-z, 0-9 and ._+-' }),
  name: z
    .string()
    .refine(isMirrorName, { error: 'expected a host name such as "ftp.example.org"' }),
  state: absolutePath,
  signing_key: absolutePath,
  allowed_signers: absolutePath,
  push_key: absolutePath,
  admin_token_file: absolutePath,
  listen: z
    .strictObject({ address: address.default('127.0.0.1'), port: port.default(8470) })
    .prefault({}),
  public_url: url(
    /^https?:\/\/[^\s/]+(\/\S*)?$/,
    'a URL such as "https://push.example.org"',
  ).optional(),
  rsync_url: url(/^rsync:\/\/[^\s/]+$/, 'a URL such as "rsync://ftp.example.org"').optional(),
  trust_proxy: trustedProxies,
  sender: z.enum(['ssh2', 'openssh']).default('ssh2'),
  head_lifetime: duration.prefault('24h'),
  delete_limit: z.int().min(0).default(40_000),
  checks: absolutePath.optional(),
  push: z
    .strictObject({
      concurrency: z.int().min(1).max(1024).default(64),
      attempt_deadline: duration.prefault('20s'),
      backoff_min: duration.prefault('5s'),
      backoff_max: duration.prefault('10m'),
      give_up_after: duration.prefault('24h'),
      stock_deadline: duration.prefault('6h'),
      stock_poll: duration.prefault('5s'),
      runmirrors_patience: duration.prefault('10m'),
      slots: z.int().min(1).max(10_000).default(64),
      slot_timeout: duration.prefault('30m'),
      hub_patience: duration.prefault('5m'),
      quarantine_after: duration.prefault('24h'),
      standing: z.int().min(0).max(100_000).default(1000),
    })
    .prefault({})
    .refine((push) => push.backoff_min <= push.backoff_max, {
      error: 'backoff_min is longer than backoff_max',
    }),
  retention: z
    .strictObject({
      pushes_for: duration.prefault('90d'),
      releases: z.int().min(1).default(1000),
    })
    .prefault({}),
  probe: z
    .strictObject({
      interval: duration.prefault('10m'),
      concurrency: z.int().min(1).max(1000).default(32),
      deadline: duration.prefault('20s'),
      hours_for: duration.prefault('35d'),
      days_for: duration.prefault('400d'),
    })
    .prefault({}),
  mail: z
    .strictObject({
      host: z.string().refine(isHost, { error: 'expected a host name or an address' }),
      port: port.optional(),
      tls: z.enum(['starttls', 'tls', 'none']).default('starttls'),
      ca_file: absolutePath.optional(),
      user: z.string().min(1).max(200).optional(),
      password_file: absolutePath.optional(),
      from: z.string().refine(isMailAddress, {
        error: 'expected an address such as "mirrors@example.org"',
      }),
    })
    .refine((mail) => (mail.user === undefined) === (mail.password_file === undefined), {
      error: 'give user and password_file together, or neither',
    })
    .refine((mail) => mail.user === undefined || mail.tls !== 'none', {
      error: 'a password is never sent without TLS: set tls to "starttls" or "tls"',
    })
    .optional(),
  notices: z
    .strictObject({
      settle: duration.prefault('30m'),
      stale_after: duration.prefault('6h'),
      certificate_before: duration.prefault('14d'),
      a_day: z.int().min(1).max(1000).default(12),
      mails_an_hour: z.int().min(1).max(100_000).default(500),
      retry_min: duration.prefault('30s'),
      retry_max: duration.prefault('4h'),
      retry_for: duration.prefault('2d'),
      keep_for: duration.prefault('90d'),
    })
    .prefault({})
    .refine((notices) => notices.retry_min <= notices.retry_max, {
      error: 'retry_min is longer than retry_max',
    })
    .refine((notices) => notices.keep_for > notices.retry_for, {
      error: 'keep_for is not longer than retry_for',
    }),
  registration: z
    .strictObject({
      policy: z.enum(['invite', 'proof', 'review']).default('review'),
      allow_addresses: z.array(range).max(1000).default([]),
      name_servers: z
        .array(
          z.string().regex(/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\])(:\d{1,5})?$/i, {
            error: 'expected an address such as "192.0.2.53" or "[2001:db8::53]:53"',
          }),
        )
        .max(10)
        .optional(),
    })
    .prefault({}),
  rsyncd: z
    .strictObject({
      address: address.default('127.0.0.1'),
      port: port.default(873),
      hosts_allow: z.array(range).max(10_000).default([]),
      max_connections: z.int().min(1).default(200),
    })
    .optional(),
  rsync_ssh: z
    .strictObject({
      url: url(
        /^ssh:\/\/[^@\s/]+@[^\s/]+$/,
        'a URL such as "ssh://mirror@ftp.example.org" or "ssh://mirror@ftp.example.org:2222"',
      ),
      host_key: absolutePath,
      rsync: absolutePath.prefault('/usr/bin/rsync'),
    })
    .optional(),
});

/** The master's settings; times are milliseconds. */
export type MasterConfig = z.output<typeof masterSchema>;

/**
 * Read `master.toml`. Paths in it must be absolute.
 *
 * @throws ConfigError with every problem of the file.
 */
export function readMasterConfig(path: string): MasterConfig {
  return loadConfig(path, masterSchema);
}

/** Where mirrors and people reach the API. */
export function publicUrl(config: MasterConfig): string {
  return config.public_url?.replace(/\/+$/, '') ?? localUrl(config);
}

/** The rsync URL, without an archive, that the master's direct downstreams pull from. */
export function rsyncUrl(config: MasterConfig): string {
  if (config.rsync_url !== undefined) return config.rsync_url;
  const { address, port: number } = config.rsyncd ?? { address: '0.0.0.0', port: 873 };
  const name = isWildcard(address) ? config.name : address;
  return `rsync://${forUrl(name)}${number === 873 ? '' : `:${number}`}`;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
