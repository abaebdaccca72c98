import { randomBytes } from 'node:crypto';
import { AclError, parsePublicKey } from '@pushmirror/acl';
import { keepOldPushKey } from '../../access/keep-old-key.ts';
import { findMirror, listMirrors, updateMirror } from '../../db/mirrors.ts';
import {
  deleteMirrorChange,
  findMirrorChange,
  writeMirrorChange,
} from '../../db/mirror-changes.ts';
import { MasterError } from '../../errors.ts';
import { parseTarget } from '@pushmirror/net';
import { challengePath } from '../begin-registration.ts';
import { changeSchema, columnsOf, needsProof, type Change } from '../change.ts';
import { missingIn, type Findings } from '../findings.ts';
import { challengeUrl, type Claim } from '../prove.ts';
import { isOwnRsyncHost, RSYNC_HOST } from '../rsync-host.ts';
import { othersWithHostKey } from '../same-host-key.ts';
import { act, type Doing } from './act.ts';

/** How a change stands. */
export interface ChangeStanding {
  state: 'applied' | 'proving';
  /** What is to stand below the public URL; null once it is applied. */
  challenge: { path: string; text: string } | null;
  missing: string[];
  advised: string[];
}

const APPLIED: ChangeStanding = { state: 'applied', challenge: null, missing: [], advised: [] };

/**
 * Change a mirror's details. What is not an address is changed at once, and so is what an
 * administrator changes; addresses and the host key wait for `proveChange`.
 *
 * @throws MasterError `invalid`, `bad-url`.
 */
export async function askForChange(
  doing: Doing,
  wanted: Change,
  o: { admin: boolean },
): Promise<ChangeStanding> {
  const change = withCheckedKeys(wanted);
  const id = randomBytes(8).toString('hex');
  if (change.httpUrl !== undefined) parseTarget(challengeUrl(change.httpUrl, challengePath(id)));
  const fields = Object.keys(change);
  if (o.admin || !needsProof(change)) {
    await act(doing, 'mirror-change', async (trx, row) => {
      const columns = columnsOf(change);
      await keepOldPushKey(trx, row, change.pushKey, doing.at);
      if (fields.length > 0) await updateMirror(trx, doing.mirror, columns);
      return { detail: { ...columns } };
    });
    return APPLIED;
  }
  const challenge = `pushmirror ${id} ${randomBytes(24).toString('base64url')}`;
  await act(doing, 'mirror-change-ask', async (trx) => {
    await writeMirrorChange(trx, {
      mirror: doing.mirror,
      change: JSON.stringify(change),
      id,
      challenge,
      asked_at: doing.at.toISOString(),
      asked_by: doing.by.name,
    });
    return { detail: { fields } };
  });
  const shown = { path: challengePath(id), text: challenge };
  return { state: 'proving', challenge: shown, missing: [], advised: [] };
}

/**
 * Look at the mirror as it would be, and change it when that is proven.
 *
 * @throws MasterError `already-decided` when no change waits.
 */
export async function proveChange(
  doing: Doing,
  prove: (claim: Claim) => Promise<Findings>,
): Promise<ChangeStanding> {
  const { db, mirror } = doing;
  const [row, waiting] = [await findMirror(db, mirror), await findMirrorChange(db, mirror)];
  if (row === undefined || waiting === undefined) throw nothingWaits(mirror);
  const change = changeSchema.parse(JSON.parse(waiting.change));
  const challenge = { path: challengePath(waiting.id), text: waiting.challenge };
  const findings = await prove({
    mirror,
    ssh: change.ssh ?? { host: row.ssh_host, port: row.ssh_port, user: row.ssh_user },
    hostKey: change.hostKey ?? row.host_key,
    httpUrl: change.httpUrl ?? row.http_url ?? undefined,
    challenge,
    space: [],
  });
  const { required: missing, advised } = missingIn(findings);
  const proven = {
    name: mirror,
    sshHost: change.ssh?.host ?? row.ssh_host,
    httpUrl: change.httpUrl ?? row.http_url,
  };
  if (change.hostKey !== undefined || change.ssh !== undefined) {
    const key = change.hostKey ?? row.host_key;
    if (othersWithHostKey(await listMirrors(db), mirror, key).length > 0) {
      missing.push('SSH: another mirror shows this host key. Ask the administrators to change it.');
    }
  }
  if (change.rsyncUrl !== undefined && !isOwnRsyncHost(change.rsyncUrl, proven)) {
    missing.push(RSYNC_HOST);
  }
  if (missing.length > 0) return { state: 'proving', challenge, missing, advised };
  await act(doing, 'mirror-change', async (trx, before) => {
    const still = await findMirrorChange(trx, mirror);
    if (still?.id !== waiting.id) throw nothingWaits(mirror);
    const columns = columnsOf(change);
    await keepOldPushKey(trx, before, change.pushKey, doing.at);
    await updateMirror(trx, mirror, columns);
    await deleteMirrorChange(trx, mirror);
    return { detail: { ...columns, proven: true } };
  });
  return { ...APPLIED, advised };
}

function withCheckedKeys(change: Change): Change {
  const { hostKey, pushKey } = change;
  return {
    ...change,
    ...(hostKey === undefined ? {} : { hostKey: keyLine(hostKey, 'host key') }),
    ...(pushKey === undefined ? {} : { pushKey: keyLine(pushKey, 'push key') }),
  };
}

function keyLine(text: string, what: string): string {
  try {
    return parsePublicKey(text).line;
  } catch (cause) {
    if (!(cause instanceof AclError)) throw cause;
    throw new MasterError('invalid', `The ${what}: ${cause.message}`, { cause });
  }
}

function nothingWaits(mirror: string): MasterError {
  return new MasterError('already-decided', `No change of ${mirror} waits to be proven.`);
}
