import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import { serveTree } from './http-tree.ts';
import type { Network } from './network.ts';

/** The web server of a mirror, at the address that the network knows. */
export interface MirrorWeb {
  /** With a slash at its end. */
  url: string;
  /** From now on it shows this folder. */
  show(folder: string): Promise<void>;
  close(): Promise<void>;
}

/** It shows the mirror's tree of `debian`, until another folder is put in its place. */
export async function createMirrorWeb(network: Network, mirror: Agent): Promise<MirrorWeb> {
  const root = join(network.folder, `www-${mirror.name}`);
  const show = async (folder: string) => {
    await symlink(folder, `${root}.new`);
    await rename(`${root}.new`, root);
  };
  await show(mirror.tree('debian'));
  const server = await serveTree(root);
  const url = `${server.url}/`;
  await network.master.api(`/v1/mirrors/${mirror.name}/change`, { httpUrl: url });
  return { url, show, close: server.close };
}
