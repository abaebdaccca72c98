import { createConnection } from 'node:net';
import type { CheckedAddress } from '@pushmirror/net';

/** Why an rsync server is not there; undefined when it greets. */
export type Greeting = { ok: true; text: string } | { ok: false; reason: string };

const LONGEST = 256;

/**
 * Wait for the line with which an rsync daemon greets (rsync's protocol: `@RSYNCD: 31.0 ...`), at an
 * address that was checked, and leave.
 */
export function greetRsync(
  { address, family }: CheckedAddress,
  port: number,
  signal: AbortSignal,
): Promise<Greeting> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port, family });
    let text = '';
    const end = (greeting: Greeting) => {
      signal.removeEventListener('abort', late);
      socket.destroy();
      resolve(greeting);
    };
    const late = () => end({ ok: false, reason: `port ${port} does not greet in time` });
    const judge = () => {
      const line = /^(@RSYNCD: \d[\x20-\x7e]*)\n/.exec(text)?.[1];
      if (line !== undefined) return end({ ok: true, text: line });
      if (text.includes('\n') || text.length >= LONGEST) {
        end({ ok: false, reason: `what answers at port ${port} is no rsync daemon` });
      }
    };
    if (signal.aborted) return late();
    signal.addEventListener('abort', late, { once: true });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      judge();
    });
    socket.on('end', () => end({ ok: false, reason: `port ${port} hangs up without a greeting` }));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end({ ok: false, reason: `port ${port} does not answer (${error.code ?? 'unknown'})` }),
    );
  });
}
