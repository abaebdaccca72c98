/**
 * A light SSH server (ssh2) in a process of its own that stands for any number of mirrors: it
 * accepts every trigger at once and counts. Beside it, a port for each way to be dead.
 *
 * Arguments: the host key's file. Speaks the messages of messages.ts.
 */
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Connection, ServerChannel } from 'ssh2';
import type { FromServer, ToServer } from './messages.ts';

const [hostKeyFile = ''] = process.argv.slice(2);
const hostKey = readFileSync(hostKeyFile);
const ACCEPTED = '{"result":"accepted","archive":"debian","serial":2026112101}\n';
let received = 0;
let expected = Number.POSITIVE_INFINITY;

const deadPorts = {
  silent: await listen(() => {}),
  slowHandshake: await listen((socket) => socket.write('SSH-2.0-slow\r\n')),
  nonsense: await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  slowAfter: await listen(serveSsh(() => {})),
};
const port = await listen(
  serveSsh((channel) => {
    channel.write(ACCEPTED);
    channel.exit(0);
    channel.end();
    received += 1;
    if (received === expected) say({ say: 'all-received', at: Date.now() });
  }),
);

process.on('disconnect', () => process.exit());
process.on('message', ({ count }: ToServer) => {
  received = 0;
  expected = count;
});
say({ say: 'ready', port, hostKey: readFileSync(`${hostKeyFile}.pub`, 'utf8').trim(), deadPorts });

function say(message: FromServer): void {
  process.send?.(message);
}

function serveSsh(onExec: (channel: ServerChannel) => void): (socket: Socket) => void {
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client: Connection) => {
    client.on('error', () => {});
    client.on('authentication', (login) =>
      login.method === 'publickey' ? login.accept() : login.reject(['publickey']),
    );
    client.on('session', (accept) =>
      accept().on('exec', (acceptExec) => {
        const channel = acceptExec();
        channel.on('error', () => {});
        onExec(channel);
      }),
    );
  });
  return (socket) => server.injectSocket(socket);
}

function listen(onSocket: (socket: Socket) => void): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {});
      onSocket(socket);
    });
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  });
}
