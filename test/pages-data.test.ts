import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { milliseconds } from '../apps/master/src/http/page/words.ts';
import {
  publicReceiptsSchema,
  publicReleasesSchema,
} from '../apps/master/src/http/public-archive.ts';
import { publicMirrorPageSchema } from '../apps/master/src/http/public-mirror.ts';
import { SIGHT_WORDS, type SightState } from '../apps/master/src/monitor/probe/states.ts';
import { openPage, startBrowser } from './pages/browser.ts';
import { logIn } from './pages/desk.ts';
import { viewCharts, viewMirror } from './pages/mirror-view.ts';
import { createSite } from './pages/site.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

test('a mirror is told of as the database has it: charts, days, figures, errors, tree, trace file', async (t) => {
  const site = await createSite(t, 60);
  const [name, below] = ['mirror7.us.example.org', 'mirror23.ke.example.org'];
  site.sql(
    `insert into sight_error values (?, 'debian', 'frozen', 5, '2026-11-01T00:00:00.000Z', '2026-11-21T08:00:00.000Z', 'Its head expired.')`,
    name,
  );
  site.sql(`delete from probe_day where mirror = ? and start like '2026-11-15%'`, name);
  const { page, trouble, close } = await openPage(browser, site.url);
  await page.goto(`/mirrors/${name}`);
  const view = await viewMirror(page);
  const told = await toldOf(site.url, name);
  const [carried] = told.archives;
  assert.notEqual(carried, undefined);
  if (carried === undefined) return;
  const { days, figures, history, endpoints, trace } = carried;

  const [from, to] = [days[0]?.start.slice(0, 10), days.at(-1)?.start.slice(0, 10)];
  const delays = history
    .toReversed()
    .map((one) =>
      one.committedAt === null ? null : Date.parse(one.committedAt) - Date.parse(one.publishedAt),
    );
  const serials = [history.at(-1)?.serial, history[0]?.serial];
  const looked = days.filter(({ looks }) => looks > 0);
  const lines = {
    'mean lag': days.map(({ lagMs }) => lagMs),
    'largest lag': days.map(({ looks, lagMaxMs }) => (looks === 0 ? null : lagMaxMs)),
    'mean response time': days.map(({ responseMs }) => responseMs),
    'publish to commit': delays,
  };
  assert.equal(looked.length, 13, 'of 14 days one has no looks');
  const said = (line: keyof typeof lines) => `${line}: ${inWords(lines[line])}.`;
  assert.deepEqual(
    view.charts.map(({ label }) => label),
    [
      `Lag by day, from ${from} to ${to}. ${said('mean lag')} ${said('largest lag')}`,
      `Response time by day, from ${from} to ${to}. ${said('mean response time')}`,
      `Time from publish to commit, from ${serials[0]} to ${serials[1]}. ${said('publish to commit')}`,
    ],
  );
  for (const { name: line, points } of view.charts.flatMap((chart) => chart.lines)) {
    const values = lines[line as keyof typeof lines].filter((value) => value !== null);
    const drawn = points.map(([, value]) => value);
    assert.equal(drawn.length, values.length, line);
    const most = Math.max(...values);
    values.forEach((value, index) => {
      assert.equal(Math.abs((drawn[index] ?? 0) - value) <= most / 100, true, `${line} ${index}`);
    });
  }
  assert.deepEqual(
    view.days.blocks.map(({ title }) => title),
    days.map(dayInWords),
  );
  assert.equal(view.days.label, days.map(dayInWords).join('. '));
  assert.equal(await page.getByRole('img', { name: /looks; worst: / }).count(), 1);
  assert.equal(view.days.blocks.filter(({ tone }) => tone === 'quiet').length, 1);

  const known = figures.filter(({ name: one }) => one !== 'lag' && one !== 'lag-time');
  assert.deepEqual(
    view.figures.map(({ title, means }) => [title, means]),
    known.map(({ title, means }) => [title, means]),
  );
  assert.deepEqual(
    view.figures.map(({ value }) => value),
    ['98.2 %', '1 min', '43 ms', '7 ms', '99.7 %', '4.1', '97'],
  );
  assert.deepEqual(
    view.errors.map(({ reason, archive, count, last }) => [reason, archive, Number(count), last]),
    told.errors.map(({ by, state, reason, archive, count, last }) => [
      by === 'probe' ? `seen: ${SIGHT_WORDS[state as SightState]}. ${reason}` : reason,
      archive,
      count,
      last,
    ]),
  );
  assert.deepEqual(
    told.errors.map(({ count }) => count).toSorted((a, b) => a - b),
    [1, 5],
    'one of its reports, one seen',
  );
  assert.deepEqual(view.downstreams.toSorted(), told.downstreams.toSorted());
  assert.deepEqual([view.details['Pulls from'], told.upstream], ['the master', null]);
  assert.equal(told.downstreams.length, 3);
  assert.equal(view.trace['Archive serial'], trace?.['archiveSerial']);
  assert.equal(view.trace['Made by'], 'pushmirror 0.1.0');
  assert.equal(view.traceLink, `https://${name}/debian/project/trace/${name}`);
  assert.deepEqual(
    view.endpoints.map((cells) => [cells[0], cells[2], cells[4]]),
    endpoints.map((one) => [
      `${one.protocol} over IPv${one.family}`,
      String(one.serial),
      one.certificateUntil?.slice(0, 10),
    ]),
  );
  await page.goto(`/mirrors/${below}`);
  assert.equal((await viewMirror(page)).details['Pulls from'], name);
  assert.deepEqual(trouble, []);
  await close();
});

test('an archive and a release are told of as the database has them: curves, who lags and why, receipts', async (t) => {
  const { url, serial } = await createSite(t, 30);
  const { page, trouble, close } = await openPage(browser, url);
  await page.goto('/archives/debian');
  const asked = await fetch(`${url}/v1/public/archives/debian/releases`);
  const { releases } = publicReleasesSchema.parse(await asked.json());
  const [curves] = await viewCharts(page);
  const oldestFirst = releases.toReversed().flatMap(({ propagation }) => propagation ?? []);
  for (const [index, share] of (['p50', 'p90', 'p100'] as const).entries()) {
    const line = curves?.lines[index];
    const values = oldestFirst.flatMap((one) => one[share] ?? []);
    assert.equal(line?.name.startsWith(share.slice(1)), true, line?.name);
    assert.deepEqual(line?.points.length, values.length, share);
    const most = Math.max(...oldestFirst.flatMap(({ p100 }) => p100 ?? []));
    values.forEach((value, at) => {
      assert.equal(Math.abs((line?.points[at]?.[1] ?? 0) - value) <= most / 100, true, share);
    });
  }
  assert.equal(oldestFirst.length, 8);
  const first = page.locator('table.mirrors tbody tr').first();
  assert.match(await first.innerText(), /1 release, \d+.min/);
  assert.match(await page.locator('table.mirrors').innerText(), /rsync: error in socket IO/);

  await page.goto(`/archives/debian/releases/${serial}`);
  const answer = await fetch(`${url}/v1/public/archives/debian/releases/${serial}/mirrors`);
  const { mirrors } = publicReceiptsSchema.parse(await answer.json());
  const rows = await page.evaluate<Record<string, unknown[]>>(`Object.fromEntries(
    [...document.querySelectorAll('table.receipts tbody tr')].map((row) => [
      row.querySelector('th').textContent.trim(),
      [row.querySelector('.state').textContent, ...[...row.querySelectorAll('td.number')].slice(1).map((cell) => cell.querySelector('time')?.dateTime ?? null)],
    ]))`);
  const told = mirrors.map((one) => [
    one.mirror,
    [one.state, one.sentAt, one.acceptedAt, one.stagedAt, one.committedAt, one.observedAt],
  ]);
  assert.deepEqual(rows, Object.fromEntries(told));
  assert.equal(mirrors.length, 30);
  const tree = await page.locator('#tree li > .dot + a, #tree .member a').allTextContents();
  assert.deepEqual(tree.toSorted(), mirrors.map(({ mirror }) => mirror).toSorted());
  assert.deepEqual(trouble, []);
  await close();
});

test('who may be written to is shown when its operators agree at the desk, and no longer than they do', async (t) => {
  const { f, url, sql, later } = await createSite(t, 10);
  const name = 'mirror0.de.example.org';
  sql('update mirror set contact = ? where name = ?', 'Mirror team <mirror@example.org>', name);
  later();
  const made = await f.call('POST', `/v1/mirrors/${name}/operators`, { label: 'team' });
  const { token } = made.body as { token: string };
  for (const javaScriptEnabled of [true, false]) {
    const { page, trouble, close } = await openPage(browser, url, { javaScriptEnabled });
    const shown = async () => {
      await page.goto(`/mirrors/${name}`);
      const { contact } = await toldOf(url, name);
      const text = (await page.locator('main').textContent()) ?? '';
      assert.equal(text.includes('mirror@example.org'), contact !== null);
      return (await viewMirror(page)).details['Contact'] ?? null;
    };
    assert.equal(await shown(), null);
    await logIn(page, token);
    await page.getByText('for administrators only').waitFor();
    await page.getByRole('button', { name: 'Show the contact to everybody' }).click();
    await page.getByRole('status').getByText('shows its contact to everybody').waitFor();
    assert.equal(await shown(), 'Mirror team <mirror@example.org>');
    await page.goto('/desk');
    await page.getByRole('button', { name: 'Hide the contact' }).click();
    await page.getByRole('status').getByText('to nobody but administrators').waitFor();
    assert.equal(await shown(), null);
    assert.deepEqual(trouble, []);
    await close();
  }
});

/** Everything on its page, as data. */
async function toldOf(url: string, mirror: string) {
  const answer = await fetch(`${url}/v1/public/mirrors/${mirror}`);
  return publicMirrorPageSchema.parse(await answer.json());
}

type Day = ReturnType<typeof publicMirrorPageSchema.parse>['archives'][number]['days'][number];

function dayInWords({ start, looks, answered, fresh, worst }: Day): string {
  const date = start.slice(0, 10);
  if (looks === 0) return `${date}: not looked at`;
  const percent = (count: number) => `${Math.round((100 * count) / looks)} %`;
  return `${date}: answered ${percent(answered)}, fresh ${percent(fresh)} of ${looks} looks; worst: ${SIGHT_WORDS[worst as SightState]}`;
}

function inWords(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)].map(milliseconds);
  return `from ${least} to ${most}, last ${milliseconds(known.at(-1) ?? 0)}`;
}
