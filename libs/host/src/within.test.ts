import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { within } from './within.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

test('it fires although nobody holds it and garbage is collected', async () => {
  const other = new AbortController();
  const fired = abortOf(within(50, other.signal));
  const collecting = setInterval(collectGarbage, 5);
  const reason = await fired;
  clearInterval(collecting);
  assert.equal(reason instanceof DOMException && reason.name, 'TimeoutError');
});

test('it fires with the other signal, for the same reason', async () => {
  const other = new AbortController();
  const fired = abortOf(within(60_000, other.signal));
  collectGarbage();
  other.abort('stop');
  assert.equal(await fired, 'stop');
});

test('a time longer than a timer can be does not fire at once', async () => {
  const signal = within(400 * 86_400_000);
  await new Promise((resolve) => setTimeout(resolve, 5)); // A timer of too much fires after 1 ms.
  assert.equal(signal.aborted, false);
});
