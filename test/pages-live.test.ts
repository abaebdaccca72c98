import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newKey, sshServer, temporaryFolder } from '@pushmirror/trigger/send/fixtures.test';
import type { Browser, Page } from 'playwright-core';
import { webServer } from '../libs/net/src/fixtures.test.ts';
import { createFixture, type Fixture } from '../apps/master/src/setup/fixture.test.ts';
import { openPage, startBrowser } from './pages/browser.ts';
import { logIn } from './pages/desk.ts';
import { createSite } from './pages/site.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

const LIVE = { timeout: 20_000 };
/** Lost with the page when it is loaded anew. */
const mark = (page: Page) => page.evaluate('window.loadedOnce = true');
const isMarked = (page: Page) => page.evaluate<boolean>('window.loadedOnce === true');

test('a rollout is followed as it runs: without loading the page again, and without JavaScript by loading it', async (t) => {
  const { f, url, serial } = await createSite(t, 30);
  const live = await openPage(browser, url);
  const plain = await openPage(browser, url, { javaScriptEnabled: false });
  for (const { page } of [live, plain]) await page.goto('/');
  await mark(live.page);
  const { serial: next } = await f.publish();
  assert.equal(next > serial, true, String(next));
  await live.page.getByRole('link', { name: String(next) }).waitFor(LIVE);
  assert.equal(await isMarked(live.page), true);
  assert.equal(await plain.page.getByRole('link', { name: String(next) }).count(), 0);

  for (const { page } of [live, plain]) {
    await page.goto(`/archives/debian/releases/${next}`);
    await page.getByText('0 of 30 mirrors say that they serve it').waitFor(LIVE);
  }
  await mark(live.page);
  const token = (await f.call('POST', '/v1/tokens', { role: 'agent', label: 'a', mirror: HUB }))
    .body;
  const report = {
    id: '0123456789abcdef:1',
    archive: 'debian',
    epoch: 1,
    serial: next,
    via: 'push',
  };
  const reports = [{ ...report, at: f.clock.now.toISOString(), event: 'committed' }];
  const said = await f.call('POST', '/v1/reports', { reports }, (token as { token: string }).token);
  assert.equal(said.status, 200, said.text);
  await live.page.getByText('1 of 30 mirrors say that they serve it').waitFor(LIVE);
  const row = live.page.getByRole('row', { name: HUB });
  assert.match((await row.textContent()) ?? '', /committed/);
  assert.match((await live.page.locator('.tree').first().textContent()) ?? '', /committed/);

  const halted = await f.call('POST', '/v1/rollouts/debian/halt', { reason: 'looks wrong' });
  assert.equal(halted.status, 200, halted.text);
  await live.page.getByText('is held').waitFor(LIVE);
  assert.equal(await isMarked(live.page), true);
  await plain.page.reload();
  await plain.page.getByText('is held').waitFor(LIVE);
  assert.match((await plain.page.getByRole('row', { name: HUB }).textContent()) ?? '', /committed/);
  assert.deepEqual([...live.trouble, ...plain.trouble], []);
  await live.close();
  await plain.close();
});

test('a page whose stream a proxy has ended is a minute old at most, and then follows again', async (t) => {
  const { f, url } = await createSite(t, 10);
  const { page, trouble, close } = await openPage(browser, url);
  await page.clock.install();
  await page.route('**/v1/events*', (route) => route.fulfill({ status: 502 }));
  await page.goto('/');
  await mark(page);
  const missed = await f.publish();
  const shows = (serial: number) => page.getByRole('link', { name: String(serial) });
  await page.unroute('**/v1/events*');
  assert.equal(await shows(missed.serial).count(), 0);
  const listening = page.waitForRequest(/\/v1\/events/, LIVE);
  await page.clock.fastForward(61_000);
  await listening;
  await shows(missed.serial).waitFor(LIVE);
  const { serial } = await f.publish();
  await shows(serial).waitFor(LIVE);
  assert.equal(await isMarked(page), true);
  assert.deepEqual(
    trouble.filter((one) => !one.includes('502')),
    [],
  );
  await close();
});

const HUB = 'mirror0.de.example.org';

test('administrators approve, refuse, suspend and halt at the desk, with and without JavaScript; a foreign form does nothing', async (t) => {
  const { f, ask } = await stage(t);
  await f.addMirror('hub.example.org');
  await f.publish();
  await f.master.app.listen({ host: '127.0.0.1', port: 0 });
  const stateOf = async (name: string) =>
    ((await f.call('GET', `/v1/mirrors/${name}`)).body as { state?: string }).state;
  for (const javaScriptEnabled of [true, false]) {
    const kind = javaScriptEnabled ? 'with' : 'without';
    await ask(`good-${kind}.example.org`);
    await ask(`bad-${kind}.example.org`);
    const { page, trouble, close } = await openPage(browser, f.master.url(), { javaScriptEnabled });
    await logIn(page, f.adminToken);
    /** The part of the page that a heading begins. */
    const form = (action: string, subject: string) =>
      page
        .locator('form.act')
        .filter({ has: page.locator(`[name=action][value=${action}]`) })
        .filter({ has: page.locator(`[name=subject][value="${subject}"]`) });
    const registration = (name: string) =>
      page.locator(`section[aria-labelledby=registrations] h3:has-text("${name}") ~ .acts`).first();
    await registration(`good-${kind}`).getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('status').getByText('is approved').waitFor();
    assert.equal(await stateOf(`good-${kind}.example.org`), 'active');

    await registration(`bad-${kind}`).getByLabel('Reason').fill('nobody answers');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('is refused').waitFor();
    assert.equal(await stateOf(`bad-${kind}.example.org`), undefined);

    await page.locator('summary', { hasText: 'hub.example.org' }).press('Enter');
    await form('suspend', 'hub.example.org').getByLabel('Reason').fill('hacked');
    await form('suspend', 'hub.example.org').getByRole('button').click();
    await page.getByRole('status').getByText('is suspended').waitFor();
    assert.equal(await stateOf('hub.example.org'), 'suspended');
    await page.locator('summary', { hasText: 'hub.example.org' }).press('Enter');
    await form('resume', 'hub.example.org').getByRole('button').click();
    await page.getByRole('status').getByText('is active again').waitFor();

    await form('halt', 'debian').getByLabel('Reason').fill('looks wrong');
    await form('halt', 'debian').getByRole('button').click();
    await page.getByText('held: looks wrong').waitFor();
    await page.goto('/');
    await page.getByText('is held').waitFor();
    await page.goto('/desk');
    await form('go-on', 'debian').getByRole('button').click();
    await page.getByRole('status').getByText('debian goes on').waitFor();

    await page.locator('summary', { hasText: 'hub.example.org' }).press('Enter');
    if (javaScriptEnabled) {
      await page.evaluate(
        `for (const one of document.querySelectorAll('[name=csrf]')) one.value = 'x'.repeat(32)`,
      );
      await form('suspend', 'hub.example.org').getByLabel('Reason').fill('forged');
      await form('suspend', 'hub.example.org').getByRole('button').click();
      await page.getByText('not of this session').waitFor();
      assert.equal(await stateOf('hub.example.org'), 'active');
      await foreignForm(t, page, f);
      assert.equal(await stateOf('hub.example.org'), 'active');
    }
    const unexpected = trouble.filter(
      (one) => !/ 403 | 401 |request to http:\/\/127\.0\.0\.1:\d+\/(evil|favicon)/.test(one),
    );
    assert.deepEqual(unexpected, []);
    await close();
  }
});

/** Another site sends the desk's form in the name of whoever is logged in and comes by. */
async function foreignForm(
  t: Parameters<typeof webServer>[0],
  page: Page,
  f: Fixture,
): Promise<void> {
  const fields = { action: 'suspend', subject: 'hub.example.org', reason: 'evil' };
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input name=${name} value=${value}>`,
  );
  const evil = await webServer(t, '127.0.0.1', (_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<form method=post action="${f.master.url()}/desk/do">${inputs.join('')}<button>Win</button></form>`,
    );
  });
  await page.goto(`http://127.0.0.1:${evil.port}/evil`);
  await page.getByRole('button', { name: 'Win' }).click();
  await page.getByRole('heading', { name: 'Desk' }).waitFor();
  assert.equal(await page.getByRole('status').getByText('is suspended').count(), 0);
}

/** A master that reviews, and how one asks it to become a mirror, proven. */
async function stage(t: Parameters<typeof webServer>[0]) {
  const f = await createFixture(t, (config) => ({
    ...config,
    registration: { ...config.registration, policy: 'review', allow_addresses: ['127.0.0.0/8'] },
  }));
  await f.addArchive();
  const proofs = new Map<string, string>();
  const web = await webServer(t, '127.0.0.1', (request, response) => {
    const proof = proofs.get(request.url ?? '');
    response.writeHead(proof === undefined ? 404 : 200).end(proof);
  });
  return {
    f,
    async ask(name: string): Promise<void> {
      const hostKey = newKey(temporaryFolder(t), 'host');
      const ssh = await sshServer(t, { hostKey });
      const request = {
        name,
        ssh: { host: '127.0.0.1', port: ssh.port, user: 'mirror' },
        hostKey: hostKey.line,
        httpUrl: `http://127.0.0.1:${web.port}/${name}/`,
        contact: 'Mirror team',
        archives: ['debian'],
      };
      const begun = await f.call('POST', '/v1/registrations', request, null);
      assert.equal(begun.status, 201, begun.text);
      const { registration, token } = begun.body as Begun;
      proofs.set(`/${name}/${registration.challenge.path}`, registration.challenge.text);
      f.clock.now = new Date(f.clock.now.getTime() + 61_000); // So that addresses may ask again.
      const checked = await f.call(
        'POST',
        `/v1/registrations/${registration.id}/check`,
        undefined,
        token,
      );
      assert.equal((checked.body as { state?: string }).state, 'review', checked.text);
    },
  };
}

interface Begun {
  registration: { id: string; challenge: { path: string; text: string } };
  token: string;
}
