import { createHash } from 'node:crypto';
import type { AccessResponse } from '@pushmirror/trigger/access';
import type { Db } from '../db/open.ts';
import { deleteRsyncSecret, insertRsyncSecrets } from '../db/rsync-secrets.ts';
import { downstreamsOf } from '../registry/downstreams.ts';
import { every } from '../setup/every.ts';
import { accessAnswer, type MasterDoors } from './answer.ts';
import { nextChange } from './compile.ts';
import { readPolicy, type Policy } from './policy.ts';
import { missingSecrets } from './secrets.ts';

/** The rules in force, kept up with the database, and those who want to hear of changes. */
export interface Access {
  policy(): Promise<Policy>;
  /** What a mirror is told now. */
  answerFor(mirror: string): Promise<AccessResponse>;
  /** The same, once it is other than `known`; or after `ms`, as it then is. */
  waitFor(mirror: string, known: string, ms: number): Promise<AccessResponse>;
  /** Which digest each mirror last said it has, and when. */
  applied(): ReadonlyMap<string, { digest: string; at: Date }>;
  /** Look now whether anything changed; resolves when that is in force here. */
  refresh(): Promise<void>;
  /** Whom hubs are to push has changed, which is no rule: those who wait are told. */
  wake(): void;
  start(): Promise<void>;
  /** Sends everybody home who waits. */
  close(): Promise<void>;
}

export interface AccessOptions {
  db: Db;
  network: string;
  /** Milliseconds after which a slot is free again. */
  slotTimeoutMs: number;
  /** What mirrors must know of the master; read anew each time, since keys rotate. */
  facts: () => MasterDoors;
  now: () => Date;
  /** Told of each change, before anybody else; such as to write the rsync daemon's files. */
  onChange: (policy: Policy) => Promise<void>;
  onTrouble: (error: unknown) => void;
}

/** The registry changes in many ways; a look at it is cheap. */
const LOOK_EVERY_MS = 2_000;

export function createAccess(o: AccessOptions): Access {
  const { db, network, facts, now } = o;
  const waiting = new Set<() => void>();
  const applied = new Map<string, { digest: string; at: Date }>();
  let current: Policy | undefined;
  let fingerprint = '';
  let dueAt: Date | undefined;
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();
  let queued: Promise<void> | undefined;

  const wakeAll = () => {
    for (const wake of waiting) wake();
  };
  const look = async () => {
    const at = now();
    const policy = await withSecrets(db, await readPolicy(db, network), at);
    const print = printOf(policy);
    if (print === fingerprint && (dueAt === undefined || at < dueAt)) return;
    await o.onChange(policy);
    current = policy;
    fingerprint = print;
    dueAt = nextChange(policy, at);
    wakeAll();
  };
  /** Those who ask while a look has yet to begin share it. */
  const refresh = () => {
    if (queued !== undefined) return queued;
    queued = turn.then(() => {
      queued = undefined;
      return look();
    });
    turn = queued.catch(() => {});
    return queued;
  };
  const policy = async () => {
    if (current === undefined) await refresh();
    if (current === undefined) throw new Error('The rules were not read.');
    return current;
  };
  const answerFor = async (mirror: string) => {
    const { digest } = await downstreamsOf(db, mirror, o.slotTimeoutMs);
    return accessAnswer(await policy(), mirror, facts(), digest, now());
  };
  const looking = every(LOOK_EVERY_MS, refresh, o.onTrouble);

  return {
    policy,
    answerFor,
    async waitFor(mirror, known, ms) {
      applied.set(mirror, { digest: known, at: now() });
      const giveUpAt = performance.now() + ms;
      await refresh();
      for (;;) {
        const answer = await answerFor(mirror);
        const left = giveUpAt - performance.now();
        if (answer.digest !== known || left <= 0 || closed) return answer;
        await new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer);
            waiting.delete(done);
            resolve();
          };
          const timer = setTimeout(done, left);
          waiting.add(done);
        });
      }
    },
    applied: () => applied,
    refresh,
    wake: wakeAll,
    start: () => looking.start(),
    async close() {
      closed = true;
      wakeAll();
      await looking.stop();
      await turn;
    },
  };
}

/** Make the secrets that are missing, and forget those that are done with. */
async function withSecrets(db: Db, policy: Policy, at: Date): Promise<Policy> {
  const { make, forget } = missingSecrets(policy, at);
  if (make.length + forget.length === 0) return policy;
  await db.transaction().execute(async (trx) => {
    for (const one of forget) await deleteRsyncSecret(trx, one);
    await insertRsyncSecrets(trx, make);
  });
  const gone = new Set(forget);
  const kept = policy.secrets.filter((one) => !gone.has(one));
  return { ...policy, secrets: [...kept, ...make] };
}

function printOf(policy: Policy): string {
  const { tree: _, rules: __, optIns, ...rest } = policy;
  const parts = { ...rest, optIns: [...optIns] };
  const text = JSON.stringify(parts);
  return createHash('sha256').update(text).digest('hex');
}
