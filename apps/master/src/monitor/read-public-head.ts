import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, within } from '@pushmirror/host';
import { LARGEST_HEAD } from '@pushmirror/trigger/head/head';
import { MasterError } from '../errors.ts';
import type { Guard, GuardedClient } from '@pushmirror/net';
import type { PublicAddress } from './public-address.ts';

/** Fetches what stands at a public address, whoever named it. */
export interface HeadReader {
  /** @throws MasterError with a sentence that says why nothing was got. */
  read(address: PublicAddress, signal: AbortSignal): Promise<Buffer>;
}

const DEADLINE_MS = 10_000;

/** What is read, for the sentences, and how large it may be. */
interface Wanted {
  noun: string;
  maxBytes: number;
}

const HEAD: Wanted = { noun: 'head', maxBytes: LARGEST_HEAD };

/** `client` must take no more than `maxBytes` (4 KiB by default), and 10 s. */
export function createHeadReader(
  o: { client: GuardedClient; guard: Guard },
  wanted: Wanted = HEAD,
): HeadReader {
  return {
    read: (address, signal) =>
      address.by === 'http'
        ? byHttp(o.client, address.url, wanted, signal)
        : byRsync(o.guard, address.url, wanted, signal),
  };
}

async function byHttp(
  client: GuardedClient,
  url: string,
  { noun }: Wanted,
  signal: AbortSignal,
): Promise<Buffer> {
  const { status, body } = await client.get(url, { signal });
  if (status === 200) return body;
  throw new MasterError('bad-answer', `${new URL(url).host} answers ${status} for the ${noun}.`);
}

/** rsync is given the address that was checked, and never more than is wanted. */
async function byRsync(
  guard: Guard,
  text: string,
  { noun, maxBytes }: Wanted,
  signal: AbortSignal,
): Promise<Buffer> {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const deadline = within(DEADLINE_MS, signal);
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
        `--max-size=${maxBytes}`,
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
      throw new MasterError('unreachable', `${host} gives no ${noun} by rsync: ${why}.`);
    }
    return await readFile(target).catch((cause: unknown) => {
      throw new MasterError('bad-answer', `${host} gives no ${noun} by rsync.`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
