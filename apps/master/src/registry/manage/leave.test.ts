import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFixture } from '../../setup/fixture.test.ts';

test('when a hub leaves, those below it go to its upstream while that has room, then on to the master', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const hub = (name: string, upstream?: string) =>
    f.addMirror(name, { rsyncUrl: `rsync://${name}`, upstream });
  await hub('above.example.org');
  await hub('going.example.org', 'above.example.org');
  for (let i = 1; i <= 31; i += 1) {
    await f.addMirror(`full${i}.example.org`, { upstream: 'above.example.org' });
  }
  for (const name of ['one.example.org', 'two.example.org']) {
    await f.addMirror(name, { upstream: 'going.example.org' });
  }
  const { serial } = await f.publish();
  const done = await f.call('POST', '/v1/mirrors/going.example.org/remove', { reason: 'gone' });
  assert.equal(done.status, 200, done.text);

  const show = async (name: string) =>
    (await f.call('GET', `/v1/mirrors/${name}`)).body as { upstream: string | null };
  assert.equal((await show('one.example.org')).upstream, 'above.example.org');
  assert.equal((await show('two.example.org')).upstream, null, 'that one was full by then');
  const { body } = await f.call('GET', `/v1/rollouts/debian/${serial}`);
  const { pushes } = body as { pushes: { mirror: string; sender: string }[] };
  const senderOf = (name: string) => pushes.find(({ mirror }) => mirror === name)?.sender;
  assert.equal(senderOf('one.example.org'), 'above.example.org', 'and so do the pushes under way');
  assert.equal(senderOf('two.example.org'), 'master');
  const [entry] = (
    (await f.call('GET', '/v1/audit?action=mirror-remove')).body as {
      entries: { detail: string }[];
    }
  ).entries;
  assert.deepEqual(JSON.parse(entry?.detail ?? '{}'), {
    reason: 'gone',
    moved: { 'one.example.org': 'above.example.org', 'two.example.org': 'master' },
  });
});
