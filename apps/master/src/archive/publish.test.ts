import assert from 'node:assert/strict';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFixture } from '../setup/fixture.test.ts';

test('a publish plans a push for every mirror that opted in', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.call('POST', '/v1/archives', { name: 'other', path: f.config.state, mode: 'classic' });
  await f.addMirror('hub');
  await f.addMirror('leaf', { upstream: 'hub' });
  await f.addMirror('elsewhere', { archives: ['other'] });
  const { serial, mirrors } = await f.publish();
  assert.equal(mirrors, 2);
  const { body } = await f.call('GET', `/v1/rollouts/debian/${serial}`);
  const { pushes } = body as { pushes: { mirror: string; sender: string; tier: number }[] };
  assert.deepEqual(
    pushes.map(({ mirror, sender, tier }) => [mirror, sender, tier]),
    [
      ['hub', 'master', 1],
      ['leaf', 'hub', 2],
    ],
  );
});

test('serials grow, and the older rollout is superseded', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('hub');
  const serials = [await f.publish(), await f.publish(), await f.publish()].map(
    (one) => one.serial,
  );
  assert.deepEqual(serials, [2026112100, 2026112101, 2026112102]);
  const { body } = await f.call('GET', '/v1/rollouts?archive=debian');
  const { rollouts } = body as { rollouts: { serial: number; mirrors: { states: object } }[] };
  assert.deepEqual(
    rollouts.map(({ serial }) => serial),
    serials.toReversed(),
  );
  assert.deepEqual(rollouts[1]?.mirrors.states, { superseded: 1 });
});

test('one publish of an archive at a time; the second is told so', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const publish = () => f.call('POST', '/v1/archives/debian/releases', {});
  const answers = await Promise.all([publish(), publish(), publish()]);
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
  assert.deepEqual(statuses, [201, 409, 409]);
  assert.match(answers.find(({ status }) => status === 409)?.text ?? '', /is being published/);
  assert.equal((await publish()).status, 201);
});

test('a publish can be followed, and a failed one says why', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  assert.equal((await f.call('GET', '/v1/archives/debian/publishing')).status, 404);
  await f.publish();
  const { body } = await f.call('GET', '/v1/archives/debian/publishing');
  assert.equal((body as { state: string }).state, 'published');
  await rename(f.tree, `${f.tree}-away`);
  const answer = await f.call('POST', '/v1/archives/debian/releases', {});
  assert.equal(answer.status, 422);
  assert.match(answer.text, /tree does not exist/);
  await rename(`${f.tree}-away`, f.tree);
});

test('with a list of changes nothing else is looked at', async (t) => {
  const f = await createFixture(t);
  await f.addArchive({ mode: 'manifest' });
  const publish = async (changed?: string[]) => {
    const body = changed === undefined ? {} : { changed };
    return f.call('POST', '/v1/archives/debian/releases', body);
  };
  const changedIn = async (changed?: string[]) =>
    ((await publish(changed)).body as { changed: number }).changed;
  await mkdir(join(f.tree, 'pool/a b'), { recursive: true });
  await writeFile(join(f.tree, 'pool/a b/one'), '1');
  await publish();
  await writeFile(join(f.tree, 'pool/a b/one'), 'one');
  await mkdir(join(f.tree, 'pool/unlisted'));
  await writeFile(join(f.tree, 'pool/unlisted/two'), '2');
  assert.equal(await changedIn(['pool/a%20b/one']), 1);
  assert.equal(await changedIn(), 1, 'a look through the tree finds the other one');
  for (const wrong of ['pool/a b', '../etc']) {
    const { status, text } = await publish([wrong]);
    assert.ok(status === 400 || status === 422, text);
  }
});
