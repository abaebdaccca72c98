import { constants, open, type FileHandle } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

export interface HttpTree {
  /** `http://127.0.0.1:PORT` */
  url: string;
  close(): Promise<void>;
}

/**
 * Serve a mirror's tree as a web server would: each answer is one file as it was when it was opened,
 * whatever is renamed over it meanwhile.
 */
export async function serveTree(root: string): Promise<HttpTree> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent((request.url ?? '/').replace(/\?.*$/, '')));
    void openFile(join(root, path)).then(async (file) => {
      if (file === undefined) return response.writeHead(404).end();
      const { size, mtime } = await file.stat();
      response.writeHead(200, {
        'content-length': size,
        'last-modified': mtime.toUTCString(),
      });
      if (request.method === 'HEAD' || size === 0) {
        await file.close();
        return response.end();
      }
      const stream = file.createReadStream({ end: size - 1 });
      response.on('close', () => stream.destroy());
      stream.on('error', () => response.destroy());
      return stream.pipe(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, constants.O_RDONLY).catch(() => undefined);
  if (file === undefined || (await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}
