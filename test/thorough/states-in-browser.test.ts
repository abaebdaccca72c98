import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { HEAD_PATH } from '@pushmirror/trigger';
import { forge, headOf } from '../harness/forge.ts';
import { createMirrorWeb, type MirrorWeb } from '../harness/mirror-web.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { buildPlainTree, plainName } from '../harness/plain-tree.ts';
import { createKeyPair } from '../harness/ssh-keys.ts';
import { waitFor } from '../harness/wait.ts';
import { openPage, startBrowser } from '../pages/browser.ts';

const INTERVAL_S = 10;
/** The longest pause between two looks is an interval and a fifth; then the look, and the page. */
const ONE_INTERVAL_MS = INTERVAL_S * 1200 + 5_000;
const FILES = 20;
const LIVE = { timeout: 60_000 };

/** What each mirror is, as its page says it: of itself, and as it was seen; and the evidence of it. */
const STATES: Record<string, { says: RegExp; state: string; seen: RegExp; evidence: RegExp }> = {
  good: {
    says: /^up to date$/,
    state: 'fresh',
    seen: /^fresh$/,
    evidence: /Head over IPv4: answered (200|304) after/,
  },
  twofaced: {
    says: /^(quarantined; )?up to date$/,
    state: 'equivocating',
    seen: /^equivocating: another release under the same serial It shows a signed head of \d+ with another manifest/,
    evidence: /Head over IPv4: answered 200 after/,
  },
  unsigned: {
    says: /^(quarantined; )?up to date$/,
    state: 'unsigned',
    seen: /^head not signed by this network /,
    evidence: /Head over IPv4: answered 200 after/,
  },
  tampered: {
    says: /^(quarantined; )?up to date$/,
    state: 'wrong-content',
    seen: /^wrong content (news|pool\/000\/\d{6}\.bin) has the digest [0-9a-f]{64}, not [0-9a-f]{64} as the manifest says\.$/,
    evidence: /(Package|Index) over IPv4: answered 200 after .*; the manifest has [0-9a-f]{64};/,
  },
  changing: {
    says: /^up to date$/,
    state: 'updating',
    seen: /^update in progress Its tree is being changed\.$/,
    evidence: /Mark of an update in progress over IPv4: answered 200 .*; asked past caches;/,
  },
  late: {
    says: /^not reached .+/,
    state: 'behind',
    seen: /^behind by 2 releases, \d+.(s|min) It shows \d+; 2 newer ones are out since /,
    evidence: /Head over IPv4: answered (200|304) after/,
  },
  gone: {
    says: /^up to date$/,
    state: 'unreachable',
    seen: /^not reachable .+/,
    evidence: /Head over IPv4: .*(refused|ECONNREFUSED)/,
  },
};

void test('each state has its own words beside the claim, in the table, on its page and as data, with the evidence', async (t) => {
  const { network, browser, webs } = await stage(t);
  const { master } = network;
  const live = new Map<string, Page>();
  const trouble: string[] = [];
  for (const name of Object.keys(STATES)) {
    const opened = await openPage(browser, master.url);
    await opened.page.goto(`/mirrors/${name}`);
    live.set(name, opened.page);
    opened.page.on('close', () => trouble.push(...opened.trouble));
  }
  await network.mirror('late').service.stop();
  const first = await copyOf(network, 'changing');
  await writeFile(join(first, 'Archive-Update-in-Progress-changing'), '');
  await webs.get('changing')?.show(first);
  await release(network, 'two');
  const newest = await release(network, 'three');
  const reporting = Object.keys(STATES).filter((name) => name !== 'late');
  for (const name of reporting) await network.waitForPush('debian', newest, name, 'committed');

  await doctor(network, webs);
  const since = Date.now();
  const until = (page: Page, words: RegExp) =>
    page.locator('.claim', { hasText: 'Seen' }).filter({ hasText: words }).waitFor(LIVE);
  for (const [name, { seen }] of Object.entries(STATES)) {
    const page = live.get(name) as Page;
    await until(page, new RegExp(seen.source.replace(/^\^|\$$/g, '').replaceAll(' ', '\\s*')));
    t.diagnostic(`${name}: after ${Date.now() - since} ms`);
    assert.equal(Date.now() - since <= ONE_INTERVAL_MS, true, `${name}: ${Date.now() - since} ms`);
  }

  for (const [name, wanted] of Object.entries(STATES)) {
    const page = live.get(name) as Page;
    const [says = '', seen = ''] = await claims(page);
    assert.match(says, wanted.says, name);
    assert.match(seen, wanted.seen, name);
    await page.locator('summary', { hasText: 'The evidence' }).click();
    const lines = (await page.locator('ol.evidence li').allTextContents()).map(oneLine);
    const line = lines.find((one) => wanted.evidence.test(one));
    assert.notEqual(line, undefined, `${name}: ${lines.join('\n')}`);
    assert.equal(line?.startsWith(webs.get(name)?.url ?? '?'), true, line);
    assert.match(line ?? '', /; \d+ \w+ 20\d\d \d\d:\d\d UTC$/, 'the time');
    if (!/answered 200/.test(line ?? '') || name === 'changing') continue;
    const path = new URL(line?.split(' ')[0] ?? '').pathname;
    const bytes = await readFile(join(network.folder, `www-${name}`, path));
    const digest = createHash('sha256').update(bytes).digest('hex');
    assert.match(line ?? '', new RegExp(`; sha256 ${digest};`), 'the digest of what was served');
  }

  await t.test('who shows what is wrong is quarantined, with since when and why', async () => {
    for (const [name, reason] of Object.entries({
      twofaced: /another manifest/,
      unsigned: /.+/,
      tampered: /has the digest/,
    })) {
      const page = live.get(name) as Page;
      await page.getByText(/^Quarantined since/).waitFor(LIVE);
      const words = oneLine((await page.getByText(/^Quarantined since/).textContent()) ?? '');
      assert.match(words, /^Quarantined since (just now|\d+.\w+ ago): Of debian: /);
      assert.match(words, reason);
      assert.equal((await claims(page))[0], 'quarantined; up to date');
    }
    assert.deepEqual(await quarantinedOf(network), ['tampered', 'twofaced', 'unsigned']);
  });

  await t.test('paused by its operator, with the reason', async () => {
    const page = live.get('gone') as Page;
    const gone = network.mirror('gone');
    const { token } = await master.api<{ token: string }>('/v1/mirrors/gone/operators', {
      label: 'Mirror team',
    });
    await writeFile(join(gone.folder, 'operator_token'), token, { mode: 0o600 });
    const paused = await gone.command('pause', '--reason', 'a new disk array is built in');
    assert.equal(paused.code, 0, paused.stderr);
    await page.reload();
    await page.getByText('paused: a new disk array is built in').waitFor();
    assert.equal((await claims(page))[0], 'paused by its operator');
  });

  await t.test('the table, JSON, CSV and metrics say the same', async () => {
    const plain = await openPage(browser, master.url, { javaScriptEnabled: false });
    await plain.page.goto('/');
    const rows = await plain.page.locator('table.mirrors tbody tr').all();
    const { mirrors } = await publicMirrors(network);
    const metrics = await (await fetch(`${master.url}/metrics`)).text();
    const csv = (await (await fetch(`${master.url}/v1/public/mirrors.csv`)).text()).split('\r\n');
    assert.equal(rows.length, Object.keys(STATES).length);
    for (const row of rows) {
      const name = oneLine(await row.locator('th').innerText());
      const cell = async (label: string) =>
        oneLine(await row.locator(`[data-label="${label}"]`).innerText());
      const json = mirrors.find(({ mirror }) => mirror === name);
      const { state = '', says = /^$/, seen = /^$/ } = STATES[name] ?? {};
      assert.match(await cell('It says'), name === 'gone' ? /^paused by its operator$/ : says);
      assert.match(await cell('Seen'), seen);
      assert.equal(json?.seen?.state, state, name);
      assert.equal((await cell('Seen')).startsWith(json?.seen?.words ?? '?'), true, name);
      assert.equal(
        (await cell('It says')).endsWith(json?.says.words ?? '?') || name === 'late',
        true,
      );
      const isQuarantined = json?.quarantinedAt !== null;
      assert.equal((await cell('It says')).startsWith('quarantined'), isQuarantined, name);
      const line = csv.find((one) => one.startsWith(`${name},`));
      assert.equal(line?.split(',').includes(state), true, line);
      const labels = `archive="debian",mirror="${name}"`;
      assert.match(
        metrics,
        new RegExp(`mirror_quarantined\\{${labels}\\} ${isQuarantined ? 1 : 0}`),
      );
      if (name === 'late') {
        assert.equal(json?.says.lagSerials, 2);
        assert.equal(json.seen?.lagSerials, 2);
        assert.match(await cell('Lag'), /^2 releases, \d+ (s|min)$/);
        assert.match(metrics, new RegExp(`mirror_lag_releases\\{${labels}\\} 2`));
      }
      assert.match(metrics, new RegExp(`mirrors_seen\\{archive="debian",state="${state}"\\} 1`));
    }
    assert.match(metrics, /pushmirror_mirrors\{archive="debian",state="paused"\} 1/);
    await plain.page.getByRole('link', { name: 'tampered' }).click();
    assert.match((await claims(plain.page))[1] ?? '', STATES['tampered']?.seen ?? /^$/);
    await plain.page.locator('summary', { hasText: 'The evidence' }).click();
    assert.equal(await plain.page.locator('ol.evidence').isVisible(), true, 'without JavaScript');
    await plain.close();
  });
  for (const page of live.values()) await page.close();
  assert.deepEqual(trouble, []);
});

/** Mirrors with web servers of their own, all of them fresh. */
async function stage(t: TestContext) {
  const network = await createNetwork({ hubs: 0 });
  t.after(() => network.close());
  const browser = await startBrowser();
  t.after(() => browser.close());
  const { master } = network;
  await master.configure((settings) => {
    settings['probe'] = { interval: `${INTERVAL_S}s`, deadline: '5s' };
    settings['registration'] = { allow_addresses: ['127.0.0.0/8'] };
  });
  await master.service.restart();
  const webs = new Map<string, MirrorWeb>();
  for (const name of Object.keys(STATES)) {
    const web = await createMirrorWeb(network, await network.addMirror(name));
    t.after(() => web.close());
    webs.set(name, web);
  }
  await buildPlainTree(network.tree('debian'), { files: FILES });
  await network.start();
  const first = await release(network, 'one');
  for (const mirror of network.mirrors) await network.waitForSerial(mirror, 'debian', first);
  await waitFor(
    async () => {
      const { mirrors } = await publicMirrors(network);
      return mirrors.every(({ seen }) => seen?.state === 'fresh');
    },
    { deadlineMs: 60_000, everyMs: 300, describe: 'all are seen fresh' },
  );
  return { network, browser, webs };
}

/** A tree beside a mirror's own, for its web server to show. */
async function copyOf(network: Network, name: string): Promise<string> {
  const folder = join(network.folder, `doctored-${name}`);
  await cp(network.mirror(name).tree('debian'), folder, { recursive: true });
  return folder;
}

/** What makes them what they are. */
async function doctor(network: Network, webs: ReadonlyMap<string, MirrorWeb>): Promise<void> {
  const showHead = async (name: string, key: string, changes: object) => {
    const folder = await copyOf(network, name);
    const { head } = await headOf(folder);
    await writeFile(join(folder, HEAD_PATH), forge(head, changes, key).bytes);
    await webs.get(name)?.show(folder);
  };
  const manifest = { sha256: '7'.repeat(64), bytes: 100 };
  await showHead('twofaced', network.master.signingKey, { manifest });
  await showHead('unsigned', (await createKeyPair(join(network.folder, 'stranger'))).path, {});
  const tampered = await copyOf(network, 'tampered');
  for (let index = 0; index < FILES; index += 1) {
    await writeFile(join(tampered, plainName(index)), 'x'.repeat(200));
  }
  await writeFile(join(tampered, 'news'), 'fals\n');
  await webs.get('tampered')?.show(tampered);
  await webs.get('gone')?.close();
}

async function release({ master, tree }: Network, text: string): Promise<number> {
  await writeFile(join(tree('debian'), 'news'), text);
  return (await master.publish('debian')).serial;
}

/** What it says and what was seen, each as its state with the reason. */
async function claims(page: Page): Promise<string[]> {
  const cells = page.locator('.claim > dd:first-of-type');
  return (await cells.allInnerTexts()).map(oneLine);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

interface PublicMirror {
  mirror: string;
  says: { words: string; lagSerials: number | null };
  seen: { state: string; words: string; lagSerials: number | null } | null;
  quarantinedAt: string | null;
}

async function publicMirrors({ master }: Network) {
  const answer = await fetch(`${master.url}/v1/public/mirrors`);
  return (await answer.json()) as { mirrors: PublicMirror[] };
}

async function quarantinedOf(network: Network): Promise<string[]> {
  const { mirrors } = await publicMirrors(network);
  return mirrors.flatMap((one) => (one.quarantinedAt === null ? [] : [one.mirror])).toSorted();
}
