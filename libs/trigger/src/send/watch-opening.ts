import type { Socket } from 'node:net';

const LONGEST_GREETING = 8 * 1024;
const LONGEST_HANDSHAKE = 256 * 1024;

/**
 * Look at what comes before the login, beside ssh2: it keeps up to 8 MB of greeting lines and reads
 * them again with every packet, which a hostile host could use to keep us busy.
 */
export function watchOpening(
  socket: Socket,
  on: { onBanner: () => void; onNonsense: () => void; stillOpening: () => boolean },
): void {
  let greeting: string | undefined = '';
  const onData = (chunk: Buffer) => {
    if (!on.stillOpening()) return void socket.off('data', onData);
    if (greeting !== undefined) {
      greeting += chunk.subarray(0, LONGEST_GREETING).toString('latin1');
      if (/^SSH-/m.test(greeting)) {
        greeting = undefined;
        on.onBanner();
      } else if (greeting.length >= LONGEST_GREETING) on.onNonsense();
    }
    if (socket.bytesRead > LONGEST_HANDSHAKE) on.onNonsense();
  };
  // ssh2 has paused the socket until it is connected, so that this misses nothing.
  socket.prependListener('data', onData);
  socket.prependOnceListener('end', () => {
    if (greeting !== undefined && greeting !== '' && on.stillOpening()) on.onNonsense();
  });
}
