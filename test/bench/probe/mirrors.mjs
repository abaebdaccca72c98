/**
 * The mirrors of the benchmark: one web server at every address of 127.0.0.0/8, each with the same
 * tree, in a process of its own. `node mirrors.mjs FOLDER`; says its port.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

const files = new Map();
const trace = 'Sat Nov 21 09:00:05 UTC 2026\nArchive serial: 1\n';

const server = createServer((request, response) => {
  const path = normalize(decodeURIComponent(request.url.replace(/\?.*/, '')));
  const file = fileAt(path);
  if (file === undefined) return response.writeHead(404).end();
  if (request.headers['if-none-match'] === file.etag) {
    return response.writeHead(304, { etag: file.etag }).end();
  }
  return response
    .writeHead(200, { etag: file.etag, 'content-length': file.body.length })
    .end(file.body);
});

function fileAt(path) {
  const known = files.get(path);
  if (known !== undefined) return known;
  try {
    const body = path.startsWith('/project/trace/')
      ? Buffer.from(trace)
      : readFileSync(join(process.argv[2], path));
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 20)}"`;
    files.set(path, { body, etag });
    return files.get(path);
  } catch {
    return undefined;
  }
}

server.listen(0, '0.0.0.0', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit(0)).resume();
