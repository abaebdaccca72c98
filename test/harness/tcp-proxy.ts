import { connect, createServer, type Socket } from 'node:net';

/** What the proxy does with a connection. */
export type ProxyMode =
  /** Pass everything on. */
  | 'pass'
  /** Accept it and say nothing, as a host that hangs. */
  | 'silent'
  /** Accept it, say nothing yet, and pass it on when it is to `pass` again. */
  | 'later'
  /** Reset it. */
  | 'reset';

export interface TcpProxy {
  /** Where it listens on 127.0.0.1. */
  port: number;
  /** Connections seen so far. */
  connections(): number;
  /** From now on; connections that are open are reset, but those that were to be passed on later. */
  setMode(mode: ProxyMode): void;
  /** Where new connections are passed on to. */
  setTarget(port: number): void;
  close(): Promise<void>;
}

/** A TCP proxy before a port of 127.0.0.1, which can turn into a host that hangs or resets. */
export async function createTcpProxy(
  initialTarget: number,
  initially: ProxyMode = 'pass',
): Promise<TcpProxy> {
  let to = initialTarget;
  let mode = initially;
  let seen = 0;
  const open = new Set<Socket>();
  const waiting = new Set<Socket>();

  const server = createServer((client) => {
    seen += 1;
    track(client);
    if (mode === 'reset') client.resetAndDestroy();
    if (mode === 'later') waiting.add(client);
    if (mode === 'pass') passOn(client);
  });
  function passOn(client: Socket): void {
    const target = connect({ port: to, host: '127.0.0.1' });
    track(target);
    client.pipe(target).pipe(client);
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');

  function track(socket: Socket): void {
    open.add(socket);
    socket.on('error', () => {}); // The other side may go away at any time.
    socket.on('close', () => {
      open.delete(socket);
      waiting.delete(socket);
    });
  }
  function dropAll(): void {
    for (const socket of open) socket.destroy();
  }

  return {
    port: address.port,
    connections: () => seen,
    setMode(next) {
      mode = next;
      const late = next === 'pass' ? [...waiting] : [];
      waiting.clear();
      for (const client of late) open.delete(client);
      dropAll();
      for (const client of late) {
        open.add(client);
        passOn(client);
      }
    },
    setTarget(port) {
      to = port;
    },
    close() {
      dropAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
