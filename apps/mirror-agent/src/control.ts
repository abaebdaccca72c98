import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { errnoOf } from '@pushmirror/host';
import { controlRequest, LARGEST_REQUEST, type ControlRequest } from './control-protocol.ts';
import { AgentError, messageOf } from './errors.ts';

/** Serves the control socket. */
export interface ControlServer {
  close(): Promise<void>;
}

export interface ControlOptions {
  path: string;
  /**
   * Answer one request by `send`ing objects, each of which becomes a line. `signal` aborts when the
   * client has gone. What it throws is sent as `{"error": ...}`.
   */
  handle: (
    request: ControlRequest,
    send: (line: object) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Milliseconds for a client to say what it wants. */
  requestDeadlineMs?: number;
}

const REQUEST_DEADLINE_MS = 5_000;
const MOST_CLIENTS = 256;
/** A client that does not read what it asked for is dropped when so many bytes wait for it. */
const MOST_UNREAD = 4 * 1024 * 1024;

/**
 * Listen on the socket. A file that an earlier process left there is removed: the caller holds the
 * lock of the state folder, so nobody is behind it.
 *
 * @throws AgentError `state`
 */
export async function startControl(options: ControlOptions): Promise<ControlServer> {
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    serveClient(socket, options);
  });
  server.maxConnections = MOST_CLIENTS;
  await rm(options.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `${options.path} cannot be listened on (${errnoOf(cause)}).`;
      reject(new AgentError('state', message, { cause }));
    });
    server.listen(options.path, resolve);
  });
  server.on('error', () => {}); // One connection that could not be accepted.
  await chmod(options.path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}

function serveClient(socket: Socket, options: ControlOptions): void {
  const gone = new AbortController();
  let received = Buffer.alloc(0);
  let asked = false;
  const deadline = setTimeout(
    () => socket.destroy(),
    options.requestDeadlineMs ?? REQUEST_DEADLINE_MS,
  );
  const send = (line: object) => {
    if (socket.destroyed) return;
    socket.write(`${JSON.stringify(line)}\n`);
    if (socket.writableLength > MOST_UNREAD) socket.destroy();
  };
  socket.on('error', () => {});
  socket.on('close', () => {
    clearTimeout(deadline);
    gone.abort();
  });
  socket.on('data', (chunk: Buffer) => {
    if (asked) return;
    received = Buffer.concat([received, chunk]);
    const newline = received.indexOf(10);
    if (newline < 0) {
      if (received.length > LARGEST_REQUEST) socket.destroy();
      return;
    }
    asked = true;
    clearTimeout(deadline);
    void answer(received.subarray(0, newline), options, send, gone.signal).then(() => socket.end());
  });
}

async function answer(
  line: Buffer,
  options: ControlOptions,
  send: (line: object) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const request = controlRequest.parse(JSON.parse(line.toString('utf8')));
    await options.handle(request, send, signal);
  } catch (error) {
    send({ error: messageOf(error) });
  }
}
