import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { headOf } from '../harness/forge.ts';
import { createMirrorWeb, type MirrorWeb } from '../harness/mirror-web.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';
import { openPage, startBrowser } from '../pages/browser.ts';

const INTERVAL_S = 10;
/** The longest pause between two looks is an interval and a fifth; then the look, and the page. */
const ONE_INTERVAL_MS = INTERVAL_S * 1200 + 5_000;
const PATIENCE = { timeout: 120_000 };
const NAMES = ['good', 'frozen', 'back', 'liar'];

async function release({ master, tree }: Network, text: string): Promise<number> {
  await writeFile(join(tree('debian'), 'news'), text);
  return (await master.publish('debian')).serial;
}

void test('a frozen, a rolled-back and a lying mirror are seen in the browser as what they are, within one interval', async (t) => {
  const network = await createNetwork({
    hubs: 0,
    archiveSettings: { poll: { every: '2s', jitter: '1s' } },
  });
  t.after(() => network.close());
  const browser = await startBrowser();
  t.after(() => browser.close());
  const { master } = network;
  await master.configure((settings) => {
    settings['head_lifetime'] = '60s';
    settings['probe'] = { interval: `${INTERVAL_S}s`, deadline: '5s' };
    settings['registration'] = { allow_addresses: ['127.0.0.0/8'] };
  });
  await master.service.restart();
  const webs = new Map<string, MirrorWeb>();
  for (const name of NAMES) {
    const web = await createMirrorWeb(network, await network.addMirror(name));
    t.after(() => web.close());
    webs.set(name, web);
  }
  await buildPlainTree(network.tree('debian'), { files: 20 });
  await network.start();
  const first = await release(network, 'one');
  for (const mirror of network.mirrors) await network.waitForSerial(mirror, 'debian', first);

  const open = async (path: string) => {
    const { page, trouble } = await openPage(browser, master.url);
    await page.goto(path);
    t.after(() => assert.deepEqual(trouble, [], path));
    return page;
  };
  const front = await open('/');
  await front.getByText('All 4 mirrors report the current release.').waitFor(PATIENCE);
  await front
    .locator('.mirrors .state', { hasText: /^fresh$/ })
    .nth(3)
    .waitFor(PATIENCE);
  /** On pages that were opened while all was well. */
  const pages = new Map<string, Awaited<ReturnType<typeof open>>>();
  for (const name of NAMES) pages.set(name, await open(`/mirrors/${name}`));
  const shows = async (name: string, words: string, since: number) => {
    await pages.get(name)?.getByText(words).first().waitFor(PATIENCE);
    const took = Date.now() - since;
    t.diagnostic(`${name}: ${words}, after ${took} ms`);
    assert.equal(took <= ONE_INTERVAL_MS, true, `${name}: ${took} ms`);
  };

  // One hears nothing any more; one serves another folder than it syncs to.
  await network.mirror('frozen').service.stop();
  const old = join(network.folder, 'old');
  await cp(network.mirror('liar').tree('debian'), old, { recursive: true });
  await webs.get('liar')?.show(old);
  const second = await release(network, 'two');
  await network.waitForPush('debian', second, 'liar', 'committed');
  await shows('liar', 'shows an older release than it reports', Date.now());
  assert.match((await pages.get('liar')?.textContent('main')) ?? '', /It says[^]*up to date/);
  await pages.get('liar')?.getByText(`It reports ${second} and shows ${first}.`).first().waitFor();

  // One was at the second release, and is back at the first.
  await pages
    .get('back')
    ?.locator('.claim', { hasText: 'Seen' })
    .getByText(String(second))
    .waitFor(PATIENCE);
  await webs.get('back')?.show(old);
  await shows('back', 'rolled back to an older release', Date.now());

  const { expires } = (await headOf(network.mirror('frozen').tree('debian'))).head;
  const left = expires.getTime() - Date.now();
  if (left > 0) assert.equal(await pages.get('frozen')?.getByText('frozen: its head').count(), 0);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, left)));
  await shows('frozen', 'frozen: its head has expired', Math.max(Date.now(), expires.getTime()));

  await front.getByText('3 mirrors do not show readers what they should').waitFor(PATIENCE);
  const good = pages.get('good');
  assert.equal(
    await good?.locator('.claim', { hasText: 'Seen' }).getByText('fresh', { exact: true }).count(),
    1,
  );
  await front.getByLabel('State').selectOption({ label: 'in trouble' });
  await front.getByRole('button', { name: 'Filter' }).click();
  assert.equal(await front.locator('table.mirrors tbody tr').count(), 3);
});
