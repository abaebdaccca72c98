import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ssh } from './ssh-client.ts';
import { createKeyPair } from './ssh-keys.ts';
import { createSshd } from './sshd.ts';
import { createTcpProxy } from './tcp-proxy.ts';
import { tempFolder } from './temp-folder.ts';

void test('the system sshd of the harness runs a forced command, also behind the proxy', async () => {
  const temp = await tempFolder('sshd');
  const sshd = await createSshd(join(temp.path, 'sshd'));
  const key = await createKeyPair(join(temp.path, 'key'));
  await sshd.authorize([`restrict,command="echo forced $SSH_ORIGINAL_COMMAND" ${key.publicKey}`]);
  await sshd.service.start();
  const proxy = await createTcpProxy(sshd.port);
  try {
    const target = {
      user: sshd.user,
      hostKey: sshd.hostKey,
      identity: key.path,
      folder: temp.path,
    };
    for (const port of [sshd.port, proxy.port]) {
      const answer = await ssh({ ...target, port }, 'sync:all');
      assert.equal(answer.stdout, 'forced sync:all\n', answer.stderr + sshd.service.log());
    }
    proxy.setMode('reset');
    const answer = await ssh({ ...target, port: proxy.port }, 'sync:all');
    assert.equal(answer.code, 255);
  } finally {
    await proxy.close();
    await sshd.service.stop();
    await temp.remove();
  }
});
