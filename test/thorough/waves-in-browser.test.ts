import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { byName } from '../../apps/master/src/monitor/by-name.ts';
import { span } from '../../apps/master/src/http/page/words.ts';
import { publicReleasePageSchema } from '../../apps/master/src/http/public-archive.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';
import { rolloutOf, setPolicy } from '../harness/rollouts.ts';
import { createTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { waitFor } from '../harness/wait.ts';
import { openPage, startBrowser } from '../pages/browser.ts';

/** What stands on a release's page: its sentence, each wave, each mirror in receipts and tree. */
interface Shown {
  sentence: string;
  waves: string[];
  receipts: Record<string, string>;
  tree: Record<string, string>;
  /** The columns of the receipts that have a time, by mirror. */
  times: Record<string, string[]>;
  current: string;
}

const READ = `(() => {
  const text = (one) => one?.textContent.replace(/\\s+/g, ' ').trim() ?? '';
  const rows = [...document.querySelectorAll('table.receipts tbody tr')];
  const cell = (row, name) => row.querySelector('[data-label="' + name + '"]');
  const names = ['Sent', 'Accepted', 'Staged', 'Committed', 'Observed'];
  const perRow = (of) => Object.fromEntries(rows.map((row) => [text(row.querySelector('th')), of(row)]));
  return {
    sentence: text(document.querySelector('#progress .rollout')),
    waves: [...document.querySelectorAll('.waves li')].map(text),
    receipts: perRow((row) => text(cell(row, 'State').querySelector('.state'))),
    tree: Object.fromEntries([...document.querySelectorAll('#tree li')].map((one) =>
      [text(one.querySelector('a')), text(one.querySelector('.soft'))])),
    times: perRow((row) => names.filter((name) => cell(row, name).querySelector('time') !== null)),
    current: text(document.querySelector('.waves [aria-current=step] strong')),
  };
})()`;

/** Two hubs with a leaf each; one of the subtrees is the canaries'. */
void describe('a rollout in waves, followed in a browser', () => {
  let network: Network;
  let browser: Browser;
  let proxies: { ssh: TcpProxy; rsync: TcpProxy };
  let checks: string;

  before(async () => {
    browser = await startBrowser();
    network = await createNetwork({ hubs: 0 });
    const { master } = network;
    checks = join(network.folder, 'checks');
    await mkdir(checks);
    await master.configure((settings) => {
      settings['checks'] = checks;
      Object.assign(settings['push'] as object, { attempt_deadline: '60s' });
      settings['registration'] = { allow_addresses: ['127.0.0.0/8'] };
    });
    await master.service.restart();
    proxies = { ssh: await createTcpProxy(0), rsync: await createTcpProxy(master.rsyncPort) };
    const hub1 = await network.addMirror('hub1', { hub: true, sshPort: proxies.ssh.port });
    proxies.ssh.setTarget(hub1.sshPort);
    await hub1.configure(({ archive }) => {
      for (const one of archive) one['upstream'] = `rsync://127.0.0.1:${proxies.rsync.port}/debian`;
    });
    await network.addMirror('leaf1-1', { upstream: hub1 });
    const hub2 = await network.addMirror('hub2', { hub: true });
    await network.addMirror('leaf2-1', { upstream: hub2 });
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 30 });
    await master.publish('debian', '--wait', '100%', '--timeout', '60s');
    const check = `#!/bin/sh\ntouch ${network.folder}/asked\nwhile [ ! -e ${network.folder}/may-end ]; do sleep 0.1; done\n`;
    await writeFile(join(checks, 'check'), check);
    await chmod(join(checks, 'check'), 0o755);
    await setPolicy(network, {
      switch: 'together',
      stage_deadline: '5m',
      wave: [
        {
          name: 'canary',
          mirrors: ['leaf1-1'],
          bake: '4s',
          deadline: '5m',
          gate: { check: [join(checks, 'check')] },
        },
      ],
    });
  });
  after(async () => {
    await network?.close();
    for (const proxy of Object.values(proxies ?? {})) await proxy.close();
    await browser?.close();
  });

  void test('sent, accepted, staged, committed, watched, then the next wave: live, and by loading again without JavaScript', async () => {
    const { master } = network;
    await network.mirror('leaf1-1').service.stop(); // So that the hub waits for it, staged.
    proxies.ssh.setMode('later');
    proxies.rsync.setMode('later');
    await writeFile(join(network.tree('debian'), 'new'), 'of the second release');
    const { serial } = await master.publish('debian');
    const path = `/archives/debian/releases/${serial}`;
    const live = await openPage(browser, master.url);
    const plain = await openPage(browser, master.url, { javaScriptEnabled: false });
    const front = await openPage(browser, master.url);
    await live.page.goto(path);
    await plain.page.goto(path);
    await front.page.goto('/');
    for (const { page } of [live, front]) await page.evaluate('window.loadedOnce = true');
    assert.equal(await plain.page.getByRole('link', { name: 'load it again' }).isVisible(), true);
    assert.equal(await live.page.getByRole('link', { name: 'load it again' }).count(), 0);

    const read = (page: Page) => page.evaluate<Shown>(READ);
    /** On the live page as it comes about; then on the other one, when that is loaded again. */
    const bothShow = async (what: string, is: (now: Shown) => boolean) => {
      const shows = (page: Page, first: () => Promise<void>) =>
        waitFor(
          async () => {
            await first();
            return is(await read(page));
          },
          {
            deadlineMs: 60_000,
            everyMs: 100,
            describe: async () =>
              `${what}: ${JSON.stringify([await read(page), await rolloutOf(master, serial)])}\n${network.lastLines(8)}`,
          },
        );
      await shows(live.page, () => Promise.resolve());
      await shows(plain.page, () =>
        plain.page.getByRole('link', { name: 'load it again' }).click(),
      );
      const { pushes } = await rolloutOf(master, serial);
      const { receipts, tree } = await read(plain.page);
      return {
        truth: Object.fromEntries(pushes.map((one) => [one.mirror, one.state])),
        receipts,
        tree,
      };
    };

    await bothShow('the canary is being sent it', ({ receipts, waves, current }) => {
      return (
        receipts['hub1'] === 'sending' &&
        receipts['hub2'] === 'waiting' &&
        current === 'canary' &&
        /^canary now 0 of 2 mirrors have it, .*1 sending/.test(waves[0] ?? '') &&
        waves[1] === 'rest later 0 of 2 mirrors have it, 2 waiting'
      );
    });
    proxies.ssh.setMode('pass');
    await bothShow('the canary has accepted it', ({ receipts, times }) => {
      return receipts['hub1'] === 'accepted' && times['hub1']?.join() === 'Sent,Accepted';
    });
    proxies.rsync.setMode('pass');
    const staged = await bothShow(
      'the canary has staged it',
      ({ receipts, times, tree, sentence }) => {
        return (
          receipts['hub1'] === 'staged' &&
          tree['hub1'] === 'staged' &&
          times['hub1']?.join() === 'Sent,Accepted,Staged' &&
          /made ready at the wave canary \(wave 1 of 2\), to switch together: 1 of 2/.test(sentence)
        );
      },
    );
    assert.deepEqual(staged.receipts, staged.truth);
    assert.deepEqual(staged.tree, staged.truth);

    await network.mirror('leaf1-1').service.start();
    await bothShow('the canaries have it, and are watched', ({ receipts, waves, sentence }) => {
      return (
        receipts['hub1'] === 'committed' &&
        receipts['leaf1-1'] === 'committed' &&
        waves[0] === 'canary now 2 of 2 mirrors have it' &&
        /is watched at the wave canary \(wave 1 of 2\).*: 2 of 2 mirrors have it/.test(sentence)
      );
    });
    await waitFor(() => existsSync(join(network.folder, 'asked')), {
      deadlineMs: 30_000,
      describe: 'the gate is asked',
    });
    const baking = await bothShow('nobody else has it', ({ receipts }) => {
      return receipts['hub2'] === 'waiting' && receipts['leaf2-1'] === 'waiting';
    });
    assert.deepEqual(baking.receipts, baking.truth);
    await front.page.getByText(/watched at the wave canary/).waitFor();

    // A master that is killed and comes back is followed as if nothing had been.
    await master.service.kill9();
    await master.service.start();
    await network.mirror('leaf2-1').service.stop(); // So that the next wave is seen under way.
    await writeFile(join(network.folder, 'may-end'), '');
    await bothShow('the next wave', ({ waves, current, receipts, sentence }) => {
      return (
        waves[0] === 'canary done 2 of 2 mirrors have it' &&
        current === 'rest' &&
        receipts['hub2'] === 'staged' &&
        /made ready at all other mirrors/.test(sentence)
      );
    });
    await network.mirror('leaf2-1').service.start();
    const done = await bothShow('all have it', ({ waves, receipts, sentence, times, current }) => {
      return (
        waves[1] === 'rest done 2 of 2 mirrors have it' &&
        current === '' &&
        sentence === '' &&
        Object.values(receipts).every((state) => state === 'committed') &&
        ['hub1', 'hub2'].every((hub) => times[hub]?.length === 5)
      );
    });
    assert.deepEqual(done.receipts, done.truth);
    assert.deepEqual(done.tree, done.truth);
    await front.page.getByText('All 4 mirrors report the current release.').waitFor();
    for (const { page } of [live, front]) {
      assert.equal(await page.evaluate('window.loadedOnce'), true, 'it was never loaded again');
    }
    await howFast(plain.page, master.url, serial);
    const trouble = [...live.trouble, ...plain.trouble, ...front.trouble];
    assert.deepEqual(
      trouble.filter((one) => !one.startsWith('console: Failed to load resource: net::ERR_')),
      [],
      'but that the master was away',
    );
  });
});

/** How long the parts of each tier took, with what that means, as the data has it. */
async function howFast(page: Page, url: string, serial: number): Promise<void> {
  const path = `/archives/debian/releases/${serial}`;
  const spread = async () => {
    const answer = await fetch(`${url}/v1/public${path}`);
    return publicReleasePageSchema.parse(await answer.json()).spread;
  };
  await waitFor(
    async () => (await spread()).some(({ reached, tier }) => tier === 0 && reached === 4),
    {
      deadlineMs: 40_000,
      everyMs: 500,
      describe: 'how fast it was is counted',
    },
  );
  const ms = (value: number | null) => (value === null ? '–' : span(value));
  const told = (await spread()).map((one) => [
    `${one.basis === 'committed' ? 'reported' : 'seen'}, ${one.tier === 0 ? 'all tiers' : `tier ${one.tier}`}`,
    `${one.reached} of ${one.mirrors}`,
    ...[one.p50, one.p90, one.p95, one.p100].map(ms),
  ]);
  await page.goto(path);
  const rows = await page.locator('table.spread tbody tr').all();
  const cells = rows.map((row) => row.locator('th, td').allTextContents());
  assert.deepEqual(await Promise.all(cells), told);
  assert.deepEqual(
    told.map(([title = '']) => title).toSorted(byName),
    [
      'reported, all tiers',
      'reported, tier 1',
      'reported, tier 2',
      'seen, all tiers',
      'seen, tier 1',
    ],
    'leaves have no address at which they are seen',
  );
  await page
    .getByText('The time from the publication of a release until 50, 90, 95 and 100 %')
    .waitFor();
}
