import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Downstream } from '@pushmirror/trigger';
import { openDownstreams } from './downstreams.ts';
import { tempFolder } from './fixtures.test.ts';
import type { MasterAnswer, MasterClient } from './master-client.ts';

const at = (name: string, change: Partial<Downstream> = {}): Downstream => ({
  name,
  kind: 'agent',
  host: `${name}.example.org`,
  port: 22,
  user: 'mirror',
  hostKey: 'ssh-ed25519 A',
  archives: ['debian'],
  ...change,
});

test('the list is the master\u2019s, or the last one it gave when it is away', async () => {
  const path = join(tempFolder(), 'downstreams.json');
  let answer: MasterAnswer<{ digest: string; downstreams: Downstream[] }> = {
    kind: 'ok',
    value: { digest: '1', downstreams: [at('a'), at('b', { archives: ['other'] })] },
  };
  let asked = 0;
  let changes = 0;
  const problems: string[] = [];
  const open = () =>
    openDownstreams({
      path,
      master: {
        downstreams: async () => {
          asked += 1;
          return answer;
        },
      } as unknown as MasterClient,
      onCorrupt: () => assert.fail(),
      onProblem: (reason) => problems.push(reason),
      onChange: () => (changes += 1),
    });
  const first = await open();
  await first.refresh();
  await first.refresh('1');
  assert.deepEqual([asked, changes], [1, 1], 'the same digest is the same list');
  assert.deepEqual(
    first.of('debian').map(({ name }) => name),
    ['a'],
  );

  answer = { kind: 'away', reason: 'The master is away.' };
  const second = await open();
  await second.refresh();
  assert.equal(second.count(), 2);
  assert.deepEqual(problems, ['The master is away.']);

  const hostile = [at('c'), at('d', { host: '-oProxyCommand=x' }), at('e', { user: 'a b' })];
  answer = { kind: 'ok', value: { digest: '2', downstreams: hostile } };
  await second.refresh('2');
  assert.deepEqual(
    second.of('debian').map(({ name }) => name),
    ['c'],
  );
  assert.equal(problems.length, 3);
});
