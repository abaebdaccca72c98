import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createEndlessFile } from './endless-file.ts';

/** What a peer does with those who connect to it. */
export type PeerMode =
  /** Be the rsync daemon behind it. */
  | 'honest'
  /** Accept, and never say a word. */
  | 'silent'
  /** Greet as rsync does, and then stop. */
  | 'stalls'
  /** Greet, and then say welcome for ever. */
  | 'endless welcome'
  /** Greet, let in, and then send noise for ever. */
  | 'noise'
  /** Be the rsync daemon until in the middle of a large file, which then never ends. */
  | 'endless file'
  /** Be the rsync daemon until in the middle of a large file, and then hang. */
  | 'hangs in a file';

export interface HostilePeer {
  port: number;
  setMode(mode: PeerMode): void;
  /** Bytes that were sent beyond what the daemon behind it said. */
  flooded(): number;
  close(): Promise<void>;
}

const GREETING = '@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n';
/** An honest peer turns after so much of a connection. */
const TURNS_AFTER = 1024 * 1024;

/** A TCP peer before a real rsync daemon, which can turn into something else. */
export async function createHostilePeer(target: number): Promise<HostilePeer> {
  let mode: PeerMode = 'honest';
  let flooded = 0;
  const open = new Set<Socket>();

  /** Send the same for ever, as fast as the other side takes it. */
  function flood(client: Socket, bytes: Buffer): void {
    const more = () => {
      while (!client.destroyed && client.writable) {
        flooded += bytes.length;
        if (!client.write(bytes)) return;
      }
    };
    client.on('drain', more);
    more();
  }

  function beDaemon(client: Socket, turn: 'flood' | 'hang' | undefined): void {
    const daemon = connect({ port: target, host: '127.0.0.1' });
    track(daemon);
    client.pipe(daemon);
    daemon.on('close', () => turn !== undefined || client.destroy());
    client.on('close', () => daemon.destroy());
    if (turn === undefined) return void daemon.pipe(client);
    const endless = createEndlessFile(TURNS_AFTER);
    daemon.on('data', (chunk: Buffer) => {
      const { pass, next } = endless.take(chunk);
      client.write(pass);
      if (next === undefined) return;
      daemon.removeAllListeners('data');
      daemon.resume();
      if (turn === 'flood') flood(client, next);
    });
  }

  const server = createServer((client) => {
    track(client);
    switch (mode) {
      case 'honest':
        return beDaemon(client, undefined);
      case 'endless file':
        return beDaemon(client, 'flood');
      case 'hangs in a file':
        return beDaemon(client, 'hang');
      case 'silent':
        return;
      case 'stalls':
        return void client.write(GREETING);
      case 'endless welcome':
        client.write(GREETING);
        return flood(client, Buffer.from('Welcome to the mirror of mirrors!\n'.repeat(1_000)));
      case 'noise':
        client.write(`${GREETING}@RSYNCD: OK\n`);
        return flood(client, Buffer.alloc(32 * 1024, 0xa5));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function track(socket: Socket): void {
    open.add(socket);
    socket.on('error', () => {}); // The other side may go away at any time.
    socket.on('close', () => open.delete(socket));
  }

  return {
    port: (server.address() as AddressInfo).port,
    setMode(next) {
      mode = next;
      flooded = 0;
    },
    flooded: () => flooded,
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
