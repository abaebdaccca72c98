import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, within } from '@pushmirror/host';
import { NetError, type Guard } from '@pushmirror/net';
import { LARGEST_HEAD } from '@pushmirror/trigger/head/head';

/** What is read, for the sentences, and how large it may be. */
export interface Wanted {
  noun: string;
  maxBytes: number;
}

const HEAD: Wanted = { noun: 'head', maxBytes: LARGEST_HEAD };
const TRACE: Wanted = { noun: 'trace file', maxBytes: 16 * 1024 };
const DEADLINE_MS = 10_000;

/** Reads the head or the trace file of mirrors that have only an rsync server. */
export function createReadByRsync(guard: Guard) {
  return (what: 'head' | 'trace', url: string, signal: AbortSignal): Promise<Buffer> =>
    readByRsync(guard, url, what === 'head' ? HEAD : TRACE, signal);
}

/**
 * Fetch one small file from an rsync server that a stranger named: rsync is given the address that
 * was checked, and takes no more than is wanted.
 *
 * @throws NetError
 */
export async function readByRsync(
  guard: Guard,
  text: string,
  { noun, maxBytes }: Wanted,
  signal: AbortSignal,
): Promise<Buffer> {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const deadline = within(DEADLINE_MS, signal);
  const [checked] = await guard.check(host, deadline);
  if (checked === undefined) throw new NetError('unreachable', `${host} has no address.`);
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
      throw new NetError('unreachable', `${host} gives no ${noun} by rsync: ${why}.`);
    }
    return await readFile(target).catch((cause: unknown) => {
      throw new NetError('bad-answer', `${host} gives no ${noun} by rsync.`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
