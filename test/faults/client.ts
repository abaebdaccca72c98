import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'smol-toml';
import type { Master } from '../harness/master.ts';
import { ARCHIVE } from './cast.ts';
import type { History } from './history.ts';

/** A release manager who publishes until the master says that it is done. */
export interface Client {
  /** @returns the serial that was acknowledged. */
  publish(number: number, by: 'api' | 'command'): Promise<number>;
}

const REQUEST_MS = 30_000;
/** For one publish, with all the restarts in between. */
const LONGEST_MS = 180_000;
const PAUSE_MS = 200;

/** What came back: the acknowledged serial, or how the request failed. */
type Answer = { serial: number } | { status?: number; code?: number | null; error: string };

export async function createClient(
  master: Master,
  history: History,
  signal: AbortSignal,
): Promise<Client> {
  const settings = parse(await readFile(master.config, 'utf8'));
  const token = (await readFile(settings['admin_token_file'] as string, 'utf8')).trim();

  async function byApi(): Promise<Answer> {
    const response = await fetch(`${master.url}/v1/archives/${ARCHIVE}/releases`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    });
    const text = await response.text();
    if (response.status !== 201) return { status: response.status, error: text };
    return { serial: (JSON.parse(text) as { serial: number }).serial };
  }

  async function byCommand(): Promise<Answer> {
    const { code, json, stderr } = await master.command('publish', ARCHIVE, '--json');
    if (code !== 0) return { code, error: stderr.trim() };
    return { serial: (json as { serial: number }).serial };
  }

  return {
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
