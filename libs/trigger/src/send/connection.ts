import type { Socket } from 'node:net';
import type { Client } from 'ssh2';

/** An authenticated connection. The host has shown the pinned key. */
export interface Connection {
  client: Client;
  /** False from the moment it is known to be of no use. */
  alive(): boolean;
  /** Say goodbye and let go; the socket is gone even if the other side never answers. */
  close(): void;
  /** Called once, when it is gone; returns how to be told no more. */
  onGone(listener: () => void): () => void;
}

/** Watch over an authenticated client and its socket, for as long as it lives. */
export function connectionOf(client: Client, socket: Socket): Connection {
  let gone = false;
  const listeners = new Set<() => void>();
  const go = () => {
    if (gone) return;
    gone = true;
    socket.destroy();
    for (const listener of listeners) listener();
  };
  client.on('error', go);
  client.on('end', go);
  client.on('close', go);
  return {
    client,
    alive: () => !gone && socket.writable,
    close() {
      if (!gone) client.end();
      socket.destroySoon();
    },
    onGone(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
