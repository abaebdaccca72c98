import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, freePort } from '../../harness/ports.ts';
import { waitFor } from '../../harness/wait.ts';

/** Somebody else who serves the same bytes. */
export interface Peer {
  name: string;
  url: string;
  close(): Promise<void>;
}

const NGINX = '/usr/sbin/nginx';

/** nginx with the bytes as a file. */
export async function startPeer(folder: string, bytes: Buffer): Promise<Peer> {
  const root = join(folder, 'nginx');
  await mkdir(root);
  await writeFile(join(root, 'index.html'), bytes);
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  // As root it would serve as another user, who may not read a temporary folder.
  const user = process.getuid?.() === 0 ? 'user root; ' : '';
  await writeFile(
    config,
    `${user}daemon off; worker_processes 1; pid ${root}/pid; error_log ${root}/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; server { listen 127.0.0.1:${port}; root ${root}; } }
`,
  );
  const nginx = spawn(NGINX, ['-c', config], { stdio: 'ignore' });
  nginx.once('error', (cause) => {
    throw new Error(`${NGINX} does not start: install Debian's package nginx.`, { cause });
  });
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
