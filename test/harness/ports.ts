import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

// Below the range from which the kernel takes ports for outgoing connections (32768 and up), so
// that a port that is free now is still free when the program that gets it binds it.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const ATTEMPTS = 100;

const given = new Set<number>();

/** A free port on 127.0.0.1; no port is given twice by one process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!given.has(port) && (await canBind(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`No free port was found between ${LOWEST} and ${HIGHEST}.`);
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Whether something accepts connections on a port of 127.0.0.1, or on a Unix socket. */
export function answers(at: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(typeof at === 'number' ? { port: at, host: '127.0.0.1' } : { path: at });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
