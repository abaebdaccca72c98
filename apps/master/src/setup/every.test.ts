import assert from 'node:assert/strict';
import { test } from 'node:test';
import { every } from './every.ts';

test('a pause longer than a timer can be is no reason to go round at once', async () => {
  let rounds = 0;
  const round = async () => void (rounds += 1);
  const repeated = every(400 * 86_400_000, round, assert.ifError);
  await repeated.start();
  await new Promise((resolve) => setTimeout(resolve, 5)); // A timer of too much fires after 1 ms.
  await repeated.stop();
  assert.equal(rounds, 1);
});
