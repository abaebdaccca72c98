import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHead } from '@pushmirror/trigger';
import { waitFor } from '../../../../test/harness/wait.ts';
import { createCommittedStore } from '../committed.ts';
import { debianLike, settings, writeFiles } from '../sync/fixtures.test.ts';
import { withManifests } from '../sync/manifest/publish.test.ts';
import { MIRROR } from '../sync/site.test.ts';
import { startConverger } from './converge.ts';

void test('what a release dropped goes when its grace period is over, with no news at all', () =>
  withManifests(async ({ folder, up, to, rsyncd, release }) => {
    const stop = new AbortController();
    const state = join(folder, 'state');
    mkdirSync(join(state, 'committed'), { recursive: true });
    const converger = await startConverger({
      archive: settings({ to, upstream: rsyncd.url('debian'), delete_after: 1_500 }),
      agent: { name: MIRROR, trace: {} },
      stateDir: state,
      committed: createCommittedStore(join(state, 'committed'), assert.fail),
      acceptHead: async (bytes) => ({ accepted: true, signed: parseHead(bytes) }),
      mayCommit: () => true,
      inTurn: (work) => work(),
      onNews: () => {},
      now: () => new Date(),
      random: () => 0,
      signal: stop.signal,
    });
    try {
      await writeFiles(up, debianLike(1));
      converger.aim(await release(1), 'push');
      assert.equal((await converger.settled())?.kind, 'committed');
      rmSync(join(up, 'pool/main/b'), { recursive: true });
      converger.aim(await release(2), 'push');
      assert.equal((await converger.settled())?.kind, 'committed');
      const dropped = join(to, 'pool/main/b');
      assert.equal(existsSync(dropped), true);
      await waitFor(() => !existsSync(dropped), {
        deadlineMs: 20_000,
        describe: 'what was dropped is deleted',
      });
      assert.equal(converger.status().state, 'idle');
    } finally {
      stop.abort();
      await converger.ended;
    }
  }));
