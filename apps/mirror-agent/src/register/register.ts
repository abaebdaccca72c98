import { mkdir, rm, statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parsePublicKey, renderAuthorizedKey } from '@pushmirror/acl';
import { replaceFile, whyOf } from '@pushmirror/host';
import { AgentError } from '../errors.ts';
import type { Answers } from './answers.ts';
import { haveKey, readPublicKey } from './keys.ts';
import type { MasterDoor, NetworkAnswer, SetUp, Standing } from './master-door.ts';
import { readPending, writePending, type Pending } from './pending.ts';
import type { Places } from './places.ts';
import { showProof } from './proof.ts';
import { renderConfig } from './render-config.ts';

export interface RegisterOptions {
  /** The master's URL, as it was given. */
  master: string;
  door: MasterDoor;
  network: NetworkAnswer;
  answers: Answers;
  places: Places;
  /** Milliseconds to wait for the proof and the administrators. */
  waitMs: number;
  /** Milliseconds between two questions. */
  everyMs: number;
  now: () => Date;
  signal: AbortSignal;
  /** What the person should know, a line each. */
  say: (line: string) => void;
}

/**
 * Register this mirror, from keys to a configuration that works. A call that is cut short is gone on
 * with by the next.
 *
 * @returns where it stands: `approved`, with the configuration written; or `proving` or `review`
 * when the time was up.
 * @throws AgentError, HostError: each with one sentence for the operator.
 */
export async function register(o: RegisterOptions): Promise<Standing['state']> {
  const { answers, places, door } = o;
  await makeFolders(answers, places);
  const hostKey =
    answers.sshListen === undefined
      ? await readPublicKey(answers.hostKey)
      : await haveKey(places.hostKey, `host key of ${answers.name}`);
  const serves = answers.rsyncListen !== undefined;
  const pushKey = serves ? await haveKey(places.pushKey, `pushes for ${answers.name}`) : undefined;
  const { pending, standing } = await begin(o, hostKey, pushKey);
  const hide = await showProof({
    answers,
    challenge: standing.challenge,
    hostKey: places.hostKey,
    masterKey: o.network.pushKey,
    onRefused: (from, reason) => o.say(`Somebody from ${from} was not let in: ${reason}`),
  });
  try {
    if (answers.sshListen === undefined) o.say(authorizedKeyHint(o));
    const last = await follow(o, pending, standing);
    if (last.state !== 'approved') return last.state;
  } finally {
    await hide();
  }
  await install(o, pending, await door.setUp(pending.token));
  return 'approved';
}

async function makeFolders({ archives }: Answers, places: Places): Promise<void> {
  await makeFolder(places.folder);
  await makeFolder(places.state, 0o700);
  for (const { to } of archives) await makeFolder(to);
}

async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode });
  } catch (cause) {
    const message = `The folder ${folder} could not be made (${whyOf(cause)}).`;
    throw new AgentError('config', message, { cause });
  }
}

/** Go on with the registration that is under way, else begin one. */
async function begin(
  o: RegisterOptions,
  hostKey: string,
  pushKey: string | undefined,
): Promise<{ pending: Pending; standing: Standing }> {
  const { answers, places, door, master } = o;
  const before = await readPending(places.pending, { master, mirror: answers.name });
  if (before !== undefined) {
    const standing = await door.standing(before.id, before.token);
    if (standing.state !== 'refused' && standing.state !== 'expired') {
      o.say(`Going on with registration ${before.id}.`);
      return { pending: before, standing };
    }
  }
  const { registration, token, operatorToken } = await door.begin({
    ...(await requestOf(answers)),
    hostKey,
    pushKey,
  });
  const { pushKey: masterKey } = o.network;
  const { id } = registration;
  const pending = { master, mirror: answers.name, id, token, operatorToken, masterKey };
  await writePending(places.pending, pending);
  o.say(`Registration ${registration.id} of ${answers.name} at ${o.network.network} has begun.`);
  return { pending, standing: registration };
}

async function requestOf(answers: Answers): Promise<object> {
  const { name, invite, ssh, url, rsyncUrl, country, sponsor, bandwidth } = answers;
  const { contact, contactPublic } = answers;
  const { addresses, upstream, archives } = answers;
  const space: Record<string, number> = {};
  for (const archive of archives) {
    const { bavail, bsize } = await statfs(archive.to);
    space[archive.name] = bavail * bsize;
  }
  const texts = { country, contact, contactPublic, sponsor, bandwidth };
  const about = { name, invite, ssh, httpUrl: url, rsyncUrl, upstream, addresses, space };
  return { ...about, ...texts, archives: archives.map((archive) => archive.name) };
}

/** Ask until it is decided or the time is up; say what is missing whenever that changes. */
async function follow(
  o: RegisterOptions,
  { id, token }: Pending,
  first: Standing,
): Promise<Standing> {
  const endsAt = o.now().getTime() + o.waitMs;
  let standing = first;
  let said = '';
  for (;;) {
    standing =
      standing.state === 'proving'
        ? await o.door.check(id, token)
        : await o.door.standing(id, token);
    const words = inWords(standing);
    if (words !== said) o.say(words);
    said = words;
    if (standing.state === 'refused' || standing.state === 'expired') {
      throw new AgentError(
        'master',
        `The registration was ${standing.state}: ${standing.reason ?? 'no reason given'}`,
      );
    }
    if (standing.state === 'approved' || o.now().getTime() >= endsAt) return standing;
    await delay(o.everyMs, undefined, { signal: o.signal });
  }
}

function inWords({ state, missing, advised }: Standing): string {
  const notes = advised.map((one) => `\nIt would be better: ${one}`).join('');
  switch (state) {
    case 'proving':
      return missing.length === 0
        ? 'The master looks at this mirror.'
        : `Still missing:${missing.map((one) => `\n  ${one}`).join('')}${notes}`;
    case 'review':
      return `Proven. It waits for an administrator of the network.${notes}`;
    default:
      return `The registration is ${state}.${notes}`;
  }
}

function authorizedKeyHint({ network, places, answers }: RegisterOptions): string {
  const command = [
    '/usr/bin/mirror-agent',
    'receive',
    '--config',
    places.config,
    '--peer',
    'master',
  ];
  const line = renderAuthorizedKey({
    command,
    key: parsePublicKey(network.pushKey),
    comment: 'master',
  });
  return `Unless sshd asks mirror-agent authorized-keys, put this line into ~${answers.ssh.user}/.ssh/authorized_keys:\n${line}`;
}

/** The configuration last but one: with it the mirror is set up; then the registration is over. */
async function install(o: RegisterOptions, pending: Pending, given: SetUp): Promise<void> {
  const { places } = o;
  await replaceFile(places.token, `${pending.token}\n`, 0o600);
  await replaceFile(places.operatorToken, `${pending.operatorToken}\n`, 0o600);
  await replaceFile(places.allowedSigners, given.allowedSigners, 0o644);
  await replaceFile(places.config, renderConfig(o.answers, given, places), 0o644);
  await rm(places.pending, { force: true });
}
