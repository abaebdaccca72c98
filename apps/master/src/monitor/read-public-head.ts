import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@pushmirror/host';
import { LARGEST_HEAD } from '@pushmirror/trigger/head/head';
import { MasterError } from '../errors.ts';
import type { GuardedClient } from '../net/client.ts';
import type { Guard } from '../net/guard.ts';
import type { PublicAddress } from './public-address.ts';

/** Fetches what stands at a public address, whoever named it. */
export interface HeadReader {
  /** @throws MasterError with a sentence that says why nothing was got. */
  read(address: PublicAddress, signal: AbortSignal): Promise<Buffer>;
}

const DEADLINE_MS = 10_000;

/** `client` must take no more than a head's 4 KiB, and 10 s. */
export function createHeadReader(o: { client: GuardedClient; guard: Guard }): HeadReader {
  return {
    read: (address, signal) =>
      address.by === 'http'
        ? byHttp(o.client, address.url, signal)
        : byRsync(o.guard, address.url, signal),
  };
}

async function byHttp(client: GuardedClient, url: string, signal: AbortSignal): Promise<Buffer> {
  const { status, body } = await client.get(url, { signal });
  if (status === 200) return body;
  throw new MasterError('bad-answer', `${new URL(url).host} answers ${status} for the head.`);
}

/** rsync is given the address that was checked, and never more than a head. */
async function byRsync(guard: Guard, text: string, signal: AbortSignal): Promise<Buffer> {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  const [checked] = await guard.check(host, deadline);
  if (checked === undefined) throw new MasterError('unreachable', `${host} has no address.`);
  const at = isIP(checked.address) === 6 ? `[${checked.address}]` : checked.address;
  const port = url.port === '' ? '' : `:${url.port}`;
  const folder = await mkdtemp(join(tmpdir(), 'pushmirror-look-'));
  const target = join(folder, 'head');
  try {
    const ended = await run({
      argv: [
        'rsync',
        `--max-size=${LARGEST_HEAD}`,
        '--timeout=10',
        '--contimeout=10',
        '--',
        `rsync://${at}${port}${url.pathname}`,
        target,
      ],
      deadlineMs: DEADLINE_MS,
      signal,
    });
    if (ended.code !== 0) {
      const said = ended.stderr.split('\n').find((line) => line.startsWith('rsync: ')) ?? '';
      const why = ended.timedOut
        ? 'no answer in time'
        : `exit code ${ended.code}${said === '' ? '' : `, ${said.slice(0, 200)}`}`;
      throw new MasterError('unreachable', `${host} gives no head by rsync: ${why}.`);
    }
    return await readFile(target).catch((cause: unknown) => {
      throw new MasterError('bad-answer', `${host} gives no head by rsync.`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
