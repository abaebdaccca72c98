import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { answers, freePort } from '../../harness/ports.ts';
import { waitFor } from '../../harness/wait.ts';

/** Somebody else who serves the same bytes. */
export interface Peer {
  name: 'nginx' | 'node:http';
  url: string;
  close(): Promise<void>;
}

const NGINX = '/usr/sbin/nginx';

/** nginx with the bytes as a file; where it is not installed, a bare server of Node's in this process. */
export function startPeer(folder: string, bytes: Buffer): Promise<Peer> {
  return existsSync(NGINX) ? startNginx(folder, bytes) : startNode(bytes);
}

async function startNginx(folder: string, bytes: Buffer): Promise<Peer> {
  const root = join(folder, 'nginx');
  await mkdir(root);
  await writeFile(join(root, 'index.html'), bytes);
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    `daemon off; worker_processes 1; pid ${root}/pid; error_log ${root}/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; server { listen 127.0.0.1:${port}; root ${root}; } }
`,
  );
  const nginx = spawn(NGINX, ['-c', config], { stdio: 'ignore' });
  const ended = new Promise((resolve) => nginx.once('exit', resolve));
  await waitFor(() => answers(port), { deadlineMs: 10_000, describe: () => 'nginx answers' });
  return {
    name: 'nginx',
    url: `http://127.0.0.1:${port}`,
    async close() {
      nginx.kill();
      await ended;
    },
  };
}

async function startNode(bytes: Buffer): Promise<Peer> {
  const server = createServer((_, response) => response.end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    name: 'node:http',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
