import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

// Below the range from which the kernel takes ports for outgoing connections (32768 and up), so
// that a port that is free now is still free when the program that gets it binds it.
const LOWEST = 20_000;
const HIGHEST = 32_000;
/** A process takes ports from blocks that are its own: tests that run beside it take others. */
const BLOCK = 40;
const ATTEMPTS = 1_000;

const mine: number[] = [];

/** A free port on 127.0.0.1; no port is given twice, by whichever process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = mine.pop();
    if (port === undefined) await takeBlock();
    else if (await canBind(port)) return port;
  }
  throw new Error(`No free port was found between ${LOWEST} and ${HIGHEST}.`);
}

/** Whoever listens on its first port owns a block, until the process ends. */
async function takeBlock(): Promise<void> {
  const first = LOWEST + BLOCK * randomInt((HIGHEST - LOWEST) / BLOCK);
  if (!(await holds(first))) return;
  for (let port = first + BLOCK - 1; port > first; port -= 1) mine.push(port);
}

function holds(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => {
      server.unref();
      resolve(true);
    });
  });
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
