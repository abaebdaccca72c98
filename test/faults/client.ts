import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '@pushmirror/host';
import { parse } from 'smol-toml';
import type { Master } from '../harness/master.ts';
import { ARCHIVE } from './cast.ts';
import type { History } from './history.ts';
import type { Manner } from './schedule.ts';

/** A release manager who publishes until the master says that it is done. */
export interface Client {
  /** @returns the serial that was acknowledged. */
  publish(number: number, by: 'api' | 'command'): Promise<number>;
  /** Have the releases that follow roll out like this. */
  setManner(manner: Manner): Promise<void>;
  halt(): Promise<void>;
  /** What is held goes on; nothing need be. */
  resume(): Promise<void>;
}

const REQUEST_MS = 30_000;
/** For one publish, with all the restarts in between. */
const LONGEST_MS = 180_000;
const PAUSE_MS = 200;

const HOUR_MS = 3_600_000;
/** The policy behind each manner; `canary` goes first, with all below the hub that it stands below. */
const policies: Record<Manner, (canary: string) => object> = {
  'as-ready': () => ({ switch: 'as-ready', stageDeadlineMs: HOUR_MS, waves: [] }),
  together: () => ({ switch: 'together', stageDeadlineMs: HOUR_MS, waves: [] }),
  waves: (canary) => ({
    switch: 'together',
    stageDeadlineMs: HOUR_MS,
    waves: [
      {
        name: 'canary',
        mirrors: [canary],
        bakeMs: 200,
        deadlineMs: HOUR_MS,
        gate: { committed: { percent: 100 }, observed: false, check: null },
      },
    ],
  }),
};

/** What came back: the acknowledged serial, or how the request failed. */
type Answer = { serial: number } | { status?: number; code?: number | null; error: string };

export async function createClient(
  master: Master,
  canary: string,
  history: History,
  signal: AbortSignal,
): Promise<Client> {
  const settings = parse(await readFile(master.config, 'utf8'));
  const token = (await readFile(settings['admin_token_file'] as string, 'utf8')).trim();

  async function post(path: string, body: object): Promise<{ status: number; text: string }> {
    const response = await fetch(`${master.url}/v1/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: within(REQUEST_MS, signal),
    });
    return { status: response.status, text: await response.text() };
  }

  async function byApi(): Promise<Answer> {
    const { status, text } = await post(`archives/${ARCHIVE}/releases`, {});
    if (status !== 201) return { status, error: text };
    return { serial: (JSON.parse(text) as { serial: number }).serial };
  }

  /** Until the master has answered; an order that was carried out may be given once more. */
  async function order(path: string, body: object): Promise<void> {
    const giveUpAt = performance.now() + LONGEST_MS;
    while (performance.now() < giveUpAt) {
      signal.throwIfAborted();
      const answer = await post(path, body).catch((error: unknown) => reasonOf(error));
      history.note('order', { path, answer });
      if (typeof answer !== 'string' && answer.status < 500) return;
      await delay(PAUSE_MS, undefined, { signal });
    }
    throw new Error(`${path} was not answered within ${LONGEST_MS / 1000} s.`);
  }

  async function byCommand(): Promise<Answer> {
    const { code, json, stderr } = await master.command('publish', ARCHIVE, '--json');
    if (code !== 0) return { code, error: stderr.trim() };
    return { serial: (json as { serial: number }).serial };
  }

  return {
    setManner: (manner) =>
      order(`archives/${ARCHIVE}/policy`, { policy: policies[manner](canary) }),
    halt: () => order(`rollouts/${ARCHIVE}/halt`, {}),
    resume: () => order(`rollouts/${ARCHIVE}/resume`, {}),
    async publish(number, by) {
      const giveUpAt = performance.now() + LONGEST_MS;
      for (let attempt = 1; performance.now() < giveUpAt; attempt += 1) {
        signal.throwIfAborted();
        history.note('request', { number, attempt, by });
        const answer = await (by === 'api' ? byApi() : byCommand()).catch(
          (error: unknown): Answer => ({ error: reasonOf(error) }),
        );
        history.note('answer', { number, attempt, ...answer });
        if ('serial' in answer) return answer.serial;
        await delay(PAUSE_MS, undefined, { signal });
      }
      throw new Error(`Publish ${number} was not acknowledged within ${LONGEST_MS / 1000} s.`);
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
