// web.mjs KEY CERTIFICATE [PORT] : the web server of a host, with and without TLS: /NAME/... is
// /srv/mirrors/NAME/..., or, where PORT is given, all goes on to that port of this host.
import { createReadStream, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join, normalize } from 'node:path';

const [key, cert, port] = process.argv.slice(2);
const serve = port === undefined ? file : pass;
createServer(serve).listen(80);
createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, serve).listen(443);

function file({ url, method }, response) {
  if (method === 'POST') return response.writeHead(204).end();
  const path = normalize(decodeURIComponent(new URL(url, 'http://x').pathname));
  const stream = createReadStream(join('/srv/mirrors', path));
  stream.on('error', () => response.writeHead(404).end());
  stream.pipe(response);
}

function pass(incoming, response) {
  const { url: path, method, headers } = incoming;
  const onward = request({ port, path, method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.writeHead(502).end());
  response.on('close', () => onward.destroy());
  incoming.pipe(onward);
}
