import { connect } from '@pushmirror/trigger/send/connect';
import { readPushKey } from '@pushmirror/trigger/send/push-key';
import { MasterError } from '../errors.ts';
import {
  NetError,
  parseTarget,
  type Answer,
  type Guard,
  type GuardedClient,
} from '@pushmirror/net';
import type { Findings } from './findings.ts';

/** What is to be proven. */
export interface Claim {
  mirror: string;
  ssh: { host: string; port: number; user: string };
  hostKey: string;
  httpUrl: string | undefined;
  /** Below the URL, and what stands there. */
  challenge: { path: string; text: string };
  space: Findings['space'];
}

export interface ProveOptions {
  guard: Guard;
  client: GuardedClient;
  /** Path of the key that the master pushes with. */
  pushKey: string;
  now: () => Date;
  signal: AbortSignal;
}

const SSH_DEADLINE_MS = 10_000;
const KEEPALIVE_MS = 5_000;
const DAY_MS = 86_400_000;
const MOST_ADDRESSES = 3;

/** The URL under which a challenge is looked for. */
export function challengeUrl(httpUrl: string, path: string): string {
  return `${httpUrl.replace(/\/+$/, '')}/${path}`;
}

/**
 * See for ourselves: the challenge under the public URL, the host key at the SSH endpoint, and how
 * well it is reached. What went wrong is a finding, not an error.
 */
export async function prove(claim: Claim, o: ProveOptions): Promise<Findings> {
  const [ssh, web] = await Promise.all([proveSsh(claim, o), proveUrl(claim, o)]);
  return { at: o.now().toISOString(), ssh, ...web, space: claim.space };
}

async function proveUrl(
  { httpUrl, challenge }: Claim,
  { client, guard, now, signal }: ProveOptions,
): Promise<Pick<Findings, 'url' | 'v4' | 'v6' | 'certificateDays'>> {
  if (httpUrl === undefined) return { url: null, v4: null, v6: null, certificateDays: null };
  const url = challengeUrl(httpUrl, challenge.path);
  let until: Date | undefined;
  const look = async (family: 4 | 6): Promise<Findings['v4']> => {
    try {
      const answer = await client.get(url, { family, signal });
      until ??= answer.certificateUntil;
      return isThere(answer, challenge.text)
        ? { ok: true }
        : { ok: false, reason: notThere(url, answer) };
    } catch (error) {
      return { ok: false, reason: wordsOf(error) };
    }
  };
  try {
    const found = await guard.check(parseTarget(url).host, signal);
    const has = (family: 4 | 6) => found.some((one) => one.family === family);
    const [v4, v6] = await Promise.all([has(4) ? look(4) : null, has(6) ? look(6) : null]);
    const ok = v4?.ok === true || v6?.ok === true;
    const reason = ok ? undefined : (v4?.reason ?? v6?.reason);
    const days = until === undefined ? null : (until.getTime() - now().getTime()) / DAY_MS;
    const shown = { ok, url: httpUrl, ...(reason === undefined ? {} : { reason }) };
    return { url: shown, v4, v6, certificateDays: days };
  } catch (error) {
    const failed = { ok: false, url: httpUrl, reason: wordsOf(error) };
    return { url: failed, v4: null, v6: null, certificateDays: null };
  }
}

function isThere({ status, body }: Answer, text: string): boolean {
  return status === 200 && body.toString('latin1').trim() === text;
}

function notThere(url: string, { status }: Answer): string {
  return status === 200
    ? `${url} holds another text than the challenge.`
    : `${url} answers ${status}: put the challenge there.`;
}

async function proveSsh(
  { mirror, ssh, hostKey }: Claim,
  { guard, pushKey, signal }: ProveOptions,
): Promise<Findings['ssh']> {
  try {
    const key = readPushKey(pushKey);
    let reason = '';
    for (const { address } of (await guard.check(ssh.host, signal)).slice(0, MOST_ADDRESSES)) {
      const target = { mirror, ...ssh, host: address, hostKey };
      const limits = { deadlineMs: SSH_DEADLINE_MS, keepaliveMs: KEEPALIVE_MS, signal };
      const tried = await connect(target, key, limits);
      if (tried.ok) {
        tried.connection.close();
        return { ok: true };
      }
      ({ reason } = tried.outcome);
      if (tried.outcome.kind === 'rejected') break;
    }
    return { ok: false, reason };
  } catch (error) {
    return { ok: false, reason: wordsOf(error) };
  }
}

/** @throws what is not of the mirror's making. */
function wordsOf(error: unknown): string {
  if (error instanceof MasterError || error instanceof NetError) return error.message;
  throw error;
}
