import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { axeFindings, openPage, startBrowser, tooWide } from './pages/browser.ts';
import { logIn } from './pages/desk.ts';
import { HOSTILE } from './pages/hostile-strings.ts';
import { measureHostile, writeHostile } from './pages/hostile-site.ts';
import { focused, tabTo } from './pages/keyboard.ts';
import { giveOddNames } from './pages/names.ts';
import { giveWaves } from './pages/waves.ts';
import { createEmptySites, createSite } from './pages/site.ts';

/** Kept by CI, and looked at by people; not in the repository. */
const SHOTS = fileURLToPath(new URL('../artefacts/pages/', import.meta.url));
let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

const firstRow = (page: Page) => page.locator('table.mirrors tbody th a').first().textContent();

test('every page in light and dark, narrow and wide: fits, asks nobody else, and axe finds nothing serious', async (t) => {
  const site = await createSite(t, 20);
  giveOddNames(site);
  giveWaves(site);
  const { f, url, serial } = site;
  const asked = { ...REQUEST, name: 'new.example.org' };
  const begun = await f.call('POST', '/v1/registrations', asked, null);
  assert.equal(begun.status, 201, begun.text);
  const empty = await createEmptySites(t);
  await mkdir(SHOTS, { recursive: true });
  const paths = {
    network: `${url}/`,
    archive: `${url}/archives/debian`,
    release: `${url}/archives/debian/releases/${serial}`,
    mirror: `${url}/mirrors/mirror7.us.example.org`,
    'mirror-odd': `${url}/mirrors/mirror5.gb.example.org`,
    'not-here': `${url}/mirrors/nobody`,
    login: `${empty.bare}/desk`,
    desk: `${url}/desk`,
    'no-archive': `${empty.bare}/`,
    unpublished: `${empty.unpublished}/archives/debian`,
    'never-seen': `${empty.unpublished}/mirrors/first.example.org`,
  };
  for (const width of [360, 1440]) {
    const open = { viewport: { width, height: 900 } };
    const { page, trouble, close } = await openPage(browser, url, open);
    await logIn(page, f.adminToken);
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(path);
      assert.equal(await tooWide(page), 0, `${name} at ${width}`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const file = join(SHOTS, `${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path: file, fullPage: true });
        const rules = colorScheme === 'light' ? 'all' : 'colours';
        assert.deepEqual(await axeFindings(page, rules), [], `${name} at ${width}, ${colorScheme}`);
      }
    }
    const foreign = trouble.filter((one) => !isOwn(one, Object.values(empty)));
    assert.deepEqual(foreign, [], String(width));
    await close();
  }
});

const REQUEST = {
  ssh: { host: 'new.example.org', port: 2222, user: 'mirror' },
  hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8zQ8z5vK7gXy7m0oXy0tC0Qm6vQ0m3k1o0w3m1c0lW',
  contact: 'مركز الحوسبة <mirror@new.example.org>',
  country: 'EG',
  httpUrl: 'https://new.example.org/debian/',
  archives: ['debian'],
};

/** The other two masters of this test, and the answer 404 that is asked for. */
function isOwn(trouble: string, urls: readonly string[]): boolean {
  return urls.some((url) => trouble.startsWith(`request to ${url}/`)) || / 404 /.test(trouble);
}

test('sorted, filtered and paged by links and a form, with JavaScript and without', async (t) => {
  const { url } = await createSite(t, 250);
  for (const javaScriptEnabled of [true, false]) {
    const { page, trouble, close } = await openPage(browser, url, { javaScriptEnabled });
    const head = (name: string) => page.getByRole('columnheader', { name }).getByRole('link');
    await page.goto('/?tier=1');
    await head('Mirror').click();
    assert.match(page.url(), /tier=1&sort=mirror/);
    assert.equal(await firstRow(page), 'mirror0.de.example.org');
    await head('Mirror').click();
    assert.equal(await firstRow(page), 'mirror15.cn.example.org');
    await head('Country').click();
    assert.match((await firstRow(page)) ?? '', /\.ar\./);
    await page.getByLabel('Country').selectOption({ label: 'Japan' });
    await page.getByRole('button', { name: 'Filter' }).click();
    assert.match(page.url(), /country=JP/);
    assert.match((await firstRow(page)) ?? '', /\.jp\./);
    await page.getByRole('link', { name: 'Show all' }).click();
    await page.getByRole('link', { name: 'Tier 1' }).click();
    assert.equal(await page.locator('table.mirrors tbody tr').count(), 16);
    await page.locator('.map').getByRole('link', { name: 'France' }).dispatchEvent('click');
    await page.waitForURL(/country=FR/);
    assert.match((await firstRow(page)) ?? '', /\.fr\./);
    await page.getByRole('link', { name: 'Show all' }).click();
    await page.getByRole('link', { name: 'Next' }).click();
    assert.equal(await page.locator('table.mirrors tbody tr').count(), 50);
    assert.deepEqual(trouble, []);
    await close();
  }
});

test('everything without a mouse: skip link, order, a focus that is seen, sorting and filtering', async (t) => {
  const { url } = await createSite(t, 24);
  const { page, trouble, close } = await openPage(browser, url);
  await page.goto('/');
  await page.keyboard.press('Tab');
  const skip = await focused(page);
  assert.deepEqual([skip.name, skip.inView], ['Skip to the content', true]);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal((await focused(page)).name, 'debian', 'past the head of the page');

  await page.goto('/');
  const seen = await tabTo(page, ({ name }) => name === 'Filter');
  assert.deepEqual(
    seen.map(({ place }) => place),
    seen.map(({ place }) => place).toSorted((a, b) => a - b),
    'in the order of the page',
  );
  assert.deepEqual(
    seen.filter(({ outlined }) => !outlined).map(({ name }) => name),
    [],
  );
  assert.equal(new Set(seen.map(({ place }) => place)).size, seen.length, 'none twice');
  await tabTo(page, ({ name }) => name === 'Lag');
  await page.keyboard.press('Enter');
  await page.waitForURL(/sort=lag/);

  await tabTo(page, ({ name }) => name === 'Skip the map');
  await page.keyboard.press('Enter');
  await tabTo(page, ({ name }) => name.startsWith('Country'));
  await page.keyboard.type('Jap');
  await tabTo(page, ({ name }) => name === 'Filter');
  await page.keyboard.press('Enter');
  await page.waitForURL(/country=JP/);
  assert.match((await firstRow(page)) ?? '', /\.jp\./);

  await page.goto('/mirrors/mirror7.us.example.org');
  await tabTo(page, ({ name }) => name.startsWith('The evidence'));
  await page.keyboard.press('Enter');
  assert.equal(await page.getByText('sha256').first().isVisible(), true);
  assert.deepEqual(trouble, []);
  await close();
});

test(`${HOSTILE.length} hostile texts in every field that an operator writes run nothing and break nothing`, async (t) => {
  assert.equal(HOSTILE.length >= 100, true, String(HOSTILE.length));
  const site = await createSite(t, HOSTILE.length);
  await writeHostile(site);
  const open = { viewport: { width: 360, height: 800 } };
  const { page, trouble, close } = await openPage(browser, site.url, open);
  await logIn(page, site.f.adminToken);
  const query = encodeURIComponent(HOSTILE[0] ?? '');
  const paths = [`/archives/debian/releases/${site.serial}`, `/?q=${query}`, '/desk', '/'];
  for (const path of paths) {
    await page.goto(path);
    assert.equal(await tooWide(page), 0, path);
  }
  assert.equal(await page.locator('table.mirrors tbody tr').count(), HOSTILE.length);
  const names = await page.locator('table.mirrors tbody th a').allTextContents();
  const mirrors = names.map((name) => `/mirrors/${name}`);
  assert.deepEqual(await measureHostile(page, [...mirrors, ...paths, '/archives/debian']), []);
  assert.deepEqual(trouble, []);
  await close();
  const others = [
    '/feed.atom',
    '/mirrorz.json',
    '/v1/public/mirrors.csv',
    '/metrics',
    '/badge.svg',
  ];
  for (const path of others) assert.equal((await fetch(site.url + path)).status, 200, path);
});
