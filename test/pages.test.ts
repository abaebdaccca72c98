import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { axeFindings, CHROMIUM, openPage, startBrowser, tooWide } from './pages/browser.ts';
import { HOSTILE } from './pages/hostile-strings.ts';
import { createSite } from './pages/site.ts';

/** Kept by CI, and looked at by people; not in the repository. */
const SHOTS = fileURLToPath(new URL('../artefacts/pages/', import.meta.url));
const skip = CHROMIUM === undefined ? 'chromium is not installed' : false;
let browser: Browser;
before(async () => {
  if (skip === false) browser = await startBrowser();
});
after(() => browser?.close());

const MIRROR = 'mirror7.us.example.org';

test(
  'every page in light and dark, narrow and wide: fits, asks nobody else, and axe finds nothing serious',
  { skip },
  async (t) => {
    const { url, serial } = await createSite(t, 60);
    await mkdir(SHOTS, { recursive: true });
    const paths = {
      network: '/',
      archive: '/archives/debian',
      release: `/archives/debian/releases/${serial}`,
      mirror: `/mirrors/${MIRROR}`,
    };
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [360, 1440]) {
        const { page, trouble } = await openPage(browser, {
          colorScheme,
          viewport: { width, height: 900 },
        });
        for (const [name, path] of Object.entries(paths)) {
          await page.goto(url + path);
          assert.equal(await tooWide(page), 0, `${name} at ${width}`);
          await page.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`) });
          if (width === 360) continue;
          assert.deepEqual(await axeFindings(page), [], `${name}, ${colorScheme}`);
        }
        assert.deepEqual(trouble, [], `${width} ${colorScheme}`);
        await page.context().close();
      }
    }
  },
);

test(
  'sorted, filtered and paged by links and a form, with JavaScript and without',
  { skip },
  async (t) => {
    const { url } = await createSite(t, 250);
    for (const javaScriptEnabled of [true, false]) {
      const { page, trouble } = await openPage(browser, { javaScriptEnabled });
      const first = () => page.locator('table.mirrors tbody th a').first().textContent();
      await page.goto(`${url}/`);
      await page.getByRole('columnheader', { name: 'Mirror' }).getByRole('link').click();
      assert.match(page.url(), /\?sort=mirror/);
      assert.equal(await first(), 'mirror0.de.example.org');
      await page.getByRole('columnheader', { name: 'Mirror' }).getByRole('link').click();
      assert.equal(await first(), 'mirror99.ie.example.org');
      await page.getByLabel('Country').selectOption({ label: 'Japan' });
      await page.getByRole('button', { name: 'Filter' }).click();
      assert.match(page.url(), /country=JP/);
      assert.match((await first()) ?? '', /\.jp\./);
      await page.getByRole('link', { name: 'Show all' }).click();
      await page.getByRole('link', { name: 'Next' }).click();
      assert.equal(await page.locator('table.mirrors tbody tr').count(), 50);
      await page.keyboard.press('Tab');
      assert.deepEqual(trouble, []);
      await page.context().close();
    }
  },
);

test('a rollout is followed as it runs, without loading the page again', { skip }, async (t) => {
  const { f, url, serial } = await createSite(t, 30);
  const { page, trouble } = await openPage(browser);
  await page.goto(`${url}/`);
  await page.evaluate('window.loadedOnce = true');
  const { serial: next } = await f.publish();
  assert.equal(next > serial, true, String(next));
  await page.getByRole('link', { name: String(next) }).waitFor({ timeout: 20_000 });
  assert.equal(await page.evaluate('window.loadedOnce'), true);

  await page.goto(`${url}/archives/debian/releases/${next}`);
  await page.evaluate('window.loadedOnce = true');
  const token = await f.call('POST', '/v1/rollouts/debian/halt', { reason: 'looks wrong' });
  assert.equal(token.status, 200, token.text);
  await page.getByText('is held').waitFor({ timeout: 20_000 });
  assert.equal(await page.evaluate('window.loadedOnce'), true);
  assert.deepEqual(trouble, []);
});

test(
  `${HOSTILE.length} hostile texts in every field that an operator writes run nothing and break nothing`,
  { skip },
  async (t) => {
    assert.equal(HOSTILE.length >= 100, true, String(HOSTILE.length));
    const site = await createSite(t, HOSTILE.length);
    HOSTILE.forEach((text, index) => {
      const like = `mirror${index}.%`;
      site.sql(
        `update mirror set sponsor = ?, bandwidth = ?, contact = ?, country = ?, http_url = ?, rsync_url = ?,
       state_reason = ?, quarantine_reason = ?, quarantined_at = ? where name like ?`,
        text,
        text,
        text,
        text,
        index % 2 === 0 ? text : `https://x.example/${text}`,
        text,
        text,
        text,
        index % 3 === 0 ? '2026-11-20T00:00:00.000Z' : null,
        like,
      );
      site.sql(
        'update mirror_archive set said_reason = ?, observed_reason = ? where mirror like ?',
        text,
        text,
        like,
      );
      site.sql('update push set reason = ? where mirror like ?', text, like);
      site.sql('update sighting set reason = ? where mirror like ?', text, like);
    });
    site.f.clock.now = new Date(site.f.clock.now.getTime() + 10_000);
    const { page, trouble } = await openPage(browser, { viewport: { width: 360, height: 800 } });
    for (const path of [
      '/',
      `/archives/debian/releases/${site.serial}`,
      `/?q=${encodeURIComponent(HOSTILE[0] ?? '')}`,
    ]) {
      await page.goto(site.url + path);
      assert.equal(await tooWide(page), 0, path);
    }
    await page.goto(`${site.url}/`);
    assert.equal(await page.locator('table.mirrors tbody tr').count(), HOSTILE.length);
    const names = await page.locator('table.mirrors tbody th a').allTextContents();
    const bad = await page.evaluate<string[]>(`(${STRANGE})(${JSON.stringify(names)})`);
    assert.deepEqual(bad, []);
    assert.deepEqual(trouble, []);
    for (const path of [
      '/feed.atom',
      '/mirrorz.json',
      '/v1/public/mirrors.csv',
      '/metrics',
      '/badge.svg',
    ]) {
      assert.equal((await fetch(site.url + path)).status, 200, path);
    }
  },
);

/** Runs in the browser: what would have run, or taken the page's shape, had it come alive. */
const STRANGE = `async (names) => {
  const foreign = 'main :is(script, img, iframe, style, form, base, meta, link, object, embed), h1 ~ h1';
  const isOdd = ({ name, value }) =>
    name.startsWith('on') || name === 'style' ||
    (name === 'href' && !/^(https?:|rsync:|\\/|#|\\?)/.test(value));
  const bad = [];
  for (const name of names) {
    const answer = await fetch('/mirrors/' + name);
    if (answer.status !== 200) bad.push(name + ': ' + answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const odd = [...page.querySelectorAll('*')].filter((one) => [...one.attributes].some(isOdd));
    for (const one of [...page.querySelectorAll(foreign), ...odd]) bad.push(name + ': ' + one.outerHTML);
  }
  return bad;
}`;
