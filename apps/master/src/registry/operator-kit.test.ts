import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '@pushmirror/config';
import { parseAllowedSigners } from '@pushmirror/trigger/head/allowed-signers';
import { z } from 'zod';
import { createFixture, mirrorBody } from '../setup/fixture.test.ts';

const agentFile = z.looseObject({
  name: z.string(),
  push_key: z.string().optional(),
  master: z.object({ url: z.string(), token_file: z.string() }),
  peer: z.array(z.object({ name: z.string(), key: z.string() })),
  archive: z.array(
    z.looseObject({ name: z.string(), upstream: z.string(), fallbacks: z.array(z.string()) }),
  ),
});

test('an operator gets a configuration, keys and signers that fit together', async (t) => {
  const f = await createFixture(t, (config) => ({
    ...config,
    rsyncd: { address: '127.0.0.1', port: 8873, hosts_allow: [], max_connections: 10 },
  }));
  await f.addArchive();
  await f.addMirror('hub', { rsyncUrl: 'rsync://hub.example.org:8730' });
  const leaf = { ...mirrorBody('leaf'), upstream: 'hub', pushKey: undefined };
  const { body } = await f.call('POST', '/v1/mirrors', leaf);
  const kit = body as Record<'token' | 'agentConfig' | 'authorizedKeys' | 'allowedSigners', string>;

  const config = parseConfig(kit.agentConfig, agentFile, 'kit');
  assert.equal(config.name, 'leaf');
  assert.equal(config.push_key, undefined, 'a leaf pushes nobody');
  assert.deepEqual(
    config.peer.map(({ name }) => name),
    ['hub', 'master'],
    'the master takes over when the hub is away',
  );
  assert.equal(config.archive[0]?.upstream, 'rsync://hub.example.org:8730/debian');
  assert.deepEqual(config.archive[0]?.fallbacks, ['rsync://127.0.0.1:8873/debian']);
  const lines = kit.authorizedKeys.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => /^restrict,command="[^"]* --peer (\S+)" ssh-ed25519 /.exec(line)?.[1]),
    ['hub', 'master'],
  );
  assert.equal(parseAllowedSigners(kit.allowedSigners, 'kit').length, 1);
  assert.equal((await f.call('GET', '/v1/downstreams', undefined, kit.token)).status, 200);
});

test('a hub hears where its downstreams are; a stock mirror needs no token', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const token = await f.addMirror('hub');
  const stock = { ...mirrorBody('stock'), kind: 'ftpsync', upstream: 'hub', pushKey: undefined };
  const answer = (await f.call('POST', '/v1/mirrors', stock)).body as {
    token: string | null;
    authorizedKeys: string;
  };
  assert.equal(answer.token, null);
  assert.match(answer.authorizedKeys, /command="\/usr\/bin\/ftpsync"/);
  const { body } = await f.call('GET', '/v1/downstreams', undefined, token);
  assert.deepEqual((body as { downstreams: unknown[] }).downstreams, [
    {
      name: 'stock',
      kind: 'ftpsync',
      host: '127.0.0.1',
      port: 1,
      user: 'mirror',
      hostKey: stock.hostKey,
      archives: ['debian'],
      standing: false,
      hub: false,
      stock: { push: 'all', callback: false, names: {} },
    },
  ]);
  assert.equal((body as { slotTimeout: unknown }).slotTimeout, 1_800, 'seconds, as configured');
});
