import { join } from 'node:path';
import type { PushTarget } from '@pushmirror/trigger';
import { createKeyPair, type KeyPair } from '../../harness/ssh-keys.ts';
import { tempFolder } from '../../harness/temp-folder.ts';
import {
  startPart,
  type FromPusher,
  type FromServer,
  type Part,
  type ToPusher,
  type ToServer,
} from './messages.ts';

/** A pushing side, a light server that stands for the mirrors, and the keys of both. */
export interface PushBench {
  folder: string;
  userKey: KeyPair;
  server: Part<ToServer, FromServer>;
  pusher: Part<ToPusher, FromPusher>;
  port: number;
  deadPorts: Record<string, number>;
  /** A mirror of this number; at the light server when no port is given. */
  target(number: number, more?: Partial<PushTarget>): PushTarget;
  close(): Promise<void>;
}

export async function setUpPushBench(name: string): Promise<PushBench> {
  const folder = await tempFolder(`bench-${name}`);
  const userKey = await createKeyPair(join(folder.path, 'user'));
  const hostKey = await createKeyPair(join(folder.path, 'host'));
  const server = startPart<ToServer, FromServer>('light-server.ts', [hostKey.path]);
  const { port, deadPorts } = await server.next('ready');
  const pusher = startPart<ToPusher, FromPusher>('pusher.ts', [userKey.path]);
  await pusher.next('ready');
  return {
    folder: folder.path,
    userKey,
    server,
    pusher,
    port,
    deadPorts,
    // A user for each, since a standing connection belongs to one user of one host.
    target: (number, more) => ({
      mirror: `mirror${number}`,
      host: '127.0.0.1',
      port,
      user: `mirror${number}`,
      hostKey: hostKey.publicKey,
      ...more,
    }),
    async close() {
      await Promise.all([server.stop(), pusher.stop()]);
      await folder.remove();
    },
  };
}
