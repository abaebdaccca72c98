import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFixture } from '../setup/fixture.test.ts';

test('what a rule about triggers denies is neither planned nor still sent', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('one');
  await f.addMirror('two');
  const states = async (serial: number) => {
    const { body } = await f.call('GET', `/v1/rollouts/debian/${serial}`);
    const { pushes } = body as { pushes: { mirror: string; state: string; reason: string }[] };
    return pushes.map(({ mirror, state, reason }) => [mirror, state, reason]);
  };
  const first = await f.publish();
  const rule = { id: 'not-two', effect: 'deny', action: 'trigger', mirror: 'two' };
  assert.equal((await f.call('POST', '/v1/acl/rules', rule)).status, 200);
  const after = await states(first.serial);
  const two = after.find(([mirror]) => mirror === 'two');
  assert.deepEqual(two?.slice(1), ['given-up', 'A rule no longer lets it be sent.']);
  assert.notEqual(after.find(([mirror]) => mirror === 'one')?.[1], 'given-up');

  const { serial } = await f.publish();
  assert.deepEqual(
    (await states(serial)).map(([mirror]) => mirror),
    ['one'],
  );
  assert.equal((await f.call('DELETE', '/v1/acl/rules/not-two')).status, 200);
  assert.equal((await f.publish()).mirrors, 2);
});
