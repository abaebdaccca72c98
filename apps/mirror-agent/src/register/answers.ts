import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isMirrorName } from '@pushmirror/acl';
import { AgentError } from '../errors.ts';
import { listener, sshEndpoint, type Endpoint, type SshEndpoint } from './endpoint.ts';
import type { NetworkAnswer } from './master-door.ts';

/** What was given on the command line. */
export interface RegisterFlags {
  name?: string;
  archive?: string[];
  to?: string;
  url?: string;
  ssh?: string;
  sshListen?: string;
  sshd?: true;
  hostKey?: string;
  hub?: true;
  rsyncUrl?: string;
  rsyncListen?: string;
  invite?: string;
  country?: string;
  contact?: string;
  publicContact?: true;
  sponsor?: string;
  bandwidth?: string;
  address?: string[];
  upstream?: string;
}

/** What a registration needs, complete and checked. */
export interface Answers extends Pick<
  RegisterFlags,
  'invite' | 'country' | 'sponsor' | 'bandwidth' | 'upstream' | 'rsyncUrl' | 'url'
> {
  name: string;
  contact: string;
  /** Whether everybody may see it. */
  contactPublic: boolean;
  addresses: string[];
  /** Each archive with its folder. */
  archives: { name: string; to: string }[];
  ssh: SshEndpoint;
  /** Where the agent's own SSH server listens; undefined: the system's sshd takes triggers. */
  sshListen: Endpoint | undefined;
  /** Of the system's sshd: the file of its public host key. */
  hostKey: string;
  /** Of a hub: where its rsync daemon listens. */
  rsyncListen: Endpoint | undefined;
}

/** Asks the person; undefined where there is none. */
export type Ask = ((question: string, usual?: string) => Promise<string>) | undefined;

const SSH_PORT = 2222;
const RSYNC_PORT = 8873;
const SYSTEM_HOST_KEY = '/etc/ssh/ssh_host_ed25519_key.pub';

/**
 * Fill in what was not given: by asking, where somebody is there, else by what is usual.
 *
 * @throws AgentError `usage` naming everything that is missing or wrong.
 */
export async function completeAnswers(
  flags: RegisterFlags,
  network: NetworkAnswer,
  ask: Ask,
): Promise<Answers> {
  const missing: string[] = [];
  const get = async (given: string | undefined, flag: string, question: string, usual?: string) => {
    const answer = (given ?? (await ask?.(question, usual)) ?? '').trim();
    if (answer === '') missing.push(flag);
    return answer;
  };
  const name = await get(flags.name, '--name', "This mirror's host name", hostname());
  const offered = network.archives.map((archive) => archive.name);
  const question = `Which archives (of ${offered.join(', ')})`;
  const archives = flags.archive ?? words(await get(undefined, '--archive', question, offered[0]));
  const to = await get(flags.to, '--to', 'The folder for them', '/srv/mirrors');
  const contact = await get(
    flags.contact,
    '--contact',
    'Whom to write to, such as "Mirror team <mirror@example.org>"',
  );
  const contactPublic =
    flags.publicContact === true || (await isYes(ask, 'May everybody see that (yes or no)'));
  /** May be left empty. */
  const maybe = async (known: string | undefined, question: string) => {
    const answer = (known ?? (await ask?.(`${question} (may be empty)`)) ?? '').trim();
    return answer === '' ? undefined : answer;
  };
  const url = await maybe(flags.url, 'The URL under which readers find the first archive');
  const sent = 'The invitation that you were sent';
  const byInvite = network.policy === 'invite';
  const invite = byInvite
    ? await get(flags.invite, '--invite', sent)
    : await maybe(flags.invite, sent);
  const country = await maybe(flags.country, 'The country it stands in, such as DE');
  const sponsor = await maybe(flags.sponsor, 'Who pays for it');
  const bandwidth = await maybe(flags.bandwidth, 'Its bandwidth, such as 10Gb');
  const upstream = await maybe(flags.upstream, 'The upstream you would like');
  const pullsFrom = 'The addresses that it pulls from, such as 192.0.2.7, 2001:db8::7';
  const addresses = flags.address ?? words(await maybe(undefined, pullsFrom));
  const serves = await isHub(flags, ask);
  if (missing.length > 0) throw usage(`Give ${missing.join(', ')}.`);
  if (!isMirrorName(name)) throw usage(`--name: "${name}" is not a host name in lower case.`);
  if (!isAbsolute(to)) throw usage('--to: give an absolute path.');
  const unknown = archives.filter((archive) => !offered.includes(archive));
  if (unknown.length > 0) {
    throw usage(
      `--archive: ${network.network} has ${offered.join(', ')}, but not ${unknown.join(', ')}.`,
    );
  }
  const ssh = sshEndpoint(flags.ssh ?? name, flags.sshd === true ? 22 : SSH_PORT);
  const { rsyncUrl, rsyncListen } = flags;
  const rsync = serves
    ? listener(rsyncListen ?? `0.0.0.0:${RSYNC_PORT}`, '--rsync-listen')
    : undefined;
  const listen =
    flags.sshd === true
      ? undefined
      : listener(flags.sshListen ?? `0.0.0.0:${ssh.port}`, '--ssh-listen');
  return {
    ...given({ invite, country, sponsor, bandwidth, upstream, url }),
    ...(rsync === undefined ? {} : { rsyncUrl: rsyncUrl ?? `rsync://${name}:${rsync.port}` }),
    name,
    contact,
    contactPublic,
    addresses,
    archives: archives.map((archive) => ({
      name: archive,
      to: archives.length === 1 ? to : join(to, archive),
    })),
    ssh,
    sshListen: listen,
    hostKey: flags.hostKey ?? SYSTEM_HOST_KEY,
    rsyncListen: rsync,
  };
}

async function isHub({ hub, rsyncUrl, rsyncListen }: RegisterFlags, ask: Ask): Promise<boolean> {
  if (hub === true || rsyncUrl !== undefined || rsyncListen !== undefined) return true;
  return isYes(ask, 'Shall other mirrors pull from it (yes or no)');
}

/** Whoever says nothing has not agreed. */
async function isYes(ask: Ask, question: string): Promise<boolean> {
  const answer = await ask?.(question, 'no');
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
}

function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function usage(message: string): AgentError {
  return new AgentError('usage', message);
}
