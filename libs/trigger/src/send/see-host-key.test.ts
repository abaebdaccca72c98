import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { parsePublicKey } from '@pushmirror/acl';
import ssh2 from 'ssh2';
import { seeHostKey } from './see-host-key.ts';

const hostKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const parsed = ssh2.utils.parseKey(pem);
  if (parsed instanceof Error) throw parsed;
  const line = parsePublicKey(`ssh-rsa ${parsed.getPublicSSH().toString('base64')}`).line;
  return { pem, line };
};

test('the key that a server shows is seen, of whatever type it is', async (t) => {
  const { pem, line } = hostKey();
  const server = new ssh2.Server({ hostKeys: [pem] }, (client) => client.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const at = { host: '127.0.0.1', port };
  const pinned = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFnWKg9u2DZHFZqgUSNwnoKk0e2H2KyN6bIaZeFLNxCb';
  assert.equal(await seeHostKey(at, pinned, 10_000), line);
});

test('who says nothing, or is not there, shows none', async (t) => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { line } = hostKey();
  assert.equal(await seeHostKey({ host: '127.0.0.1', port }, line, 100), undefined);
  t.after(() => server.close());
  assert.equal(await seeHostKey({ host: '127.0.0.1', port: 1 }, line, 5_000), undefined);
});
