import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compareTrees } from '../harness/compare-trees.ts';
import { noise } from '../harness/plain-tree.ts';
import { waitFor } from '../harness/wait.ts';
import { createHostilePeer, type HostilePeer, type PeerMode } from './peer.ts';
import { createHostileSite, type HostileSite } from './site.ts';
import { assertUntouched, lookBefore } from './untouched.ts';

const DEADLINE_S = 5;
const BIG = 4_000_000;

/**
 * The release is true, its head is signed, and heard of by a push; but the upstream's port does what
 * it likes. A whole agent pulls from it.
 */
void describe('an upstream whose port', () => {
  let peer: HostilePeer;
  let site: HostileSite;
  let number = 0;

  before(async () => {
    site = await createHostileSite(async ({ port }) => {
      peer = await createHostilePeer(port);
      return {
        upstream: `rsync://127.0.0.1:${peer.port}/debian`,
        deadline: `${DEADLINE_S}s`,
        poll: { every: '24h', jitter: '1s' },
      };
    });
    await site.publish();
    assert.ok(await site.sync(), site.agent.service.lastLines(10));
  });
  after(async () => {
    await site.close();
    await peer.close();
  });

  const cases: [PeerMode, RegExp][] = [
    ['silent', /deadline had passed/],
    ['stalls', /deadline had passed/],
    ['endless welcome', /deadline had passed/],
    ['noise', /rsync ended with code \d+|deadline had passed/],
    ['endless file', /sends more than its manifest says, and was cut off/],
    ['hangs in a file', /deadline had passed/],
  ];
  for (const [mode, reason] of cases) {
    void test(`is: ${mode}`, async (t) => {
      const was = await lookBefore(site);
      number += 1;
      writeFileSync(join(site.up, `pool/big_${number}.deb`), noise(mode, BIG));
      const head = await site.publish();
      peer.setMode(mode);
      const pushedAt = new Date().toISOString();
      await site.push(head);
      await waitFor(async () => ((await site.status()).lastError?.at ?? '') > pushedAt, {
        deadlineMs: (DEADLINE_S + 15) * 1_000,
        everyMs: 300,
        describe: async () => `it tells of it; status: ${JSON.stringify(await site.status())}`,
      });
      const cost = await assertUntouched(site, was, reason);
      t.diagnostic(`flooded with ${peer.flooded()} bytes; MiB at most: ${JSON.stringify(cost)}`);
    });
  }

  void test('turns honest: the release is there', async () => {
    peer.setMode('honest');
    await site.publish();
    assert.ok(await site.sync(), site.agent.service.lastLines(10));
    assert.deepEqual(await compareTrees(site.up, site.to), []);
  });
});
