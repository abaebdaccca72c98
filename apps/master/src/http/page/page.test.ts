import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MirrorStanding, Overview } from '../../monitor/overview.ts';
import { networkPage } from './network-page.ts';
import { renderPage } from './render.ts';
import { readQuery } from './table.ts';
import { ago, bytes, longSpan, plain, span } from './words.ts';

const now = new Date('2026-11-21T09:00:00Z');

function overview(more: Partial<MirrorStanding>): Overview {
  const standing: MirrorStanding = {
    mirror: 'hub.example.org',
    archive: 'debian',
    kind: 'agent',
    tier: 1,
    upstream: null,
    country: 'SE',
    httpUrl: 'https://hub.example.org/debian/',
    state: 'current',
    words: 'up to date',
    serial: 2026112100,
    lag: null,
    reason: null,
    leftBehind: false,
    at: new Date('2026-11-21T08:57:00Z'),
    observed: null,
    sight: null,
    quarantinedAt: null,
    ...more,
  };
  const release = {
    serial: 2026112100,
    files: 12_345,
    bytes: 1_400_000_000,
    published_at: '2026-11-21T08:00:00.000Z',
    expires_at: '2026-11-22T08:00:00.000Z',
  };
  return {
    at: now,
    health: { level: 'good', sentence: 'All is well.' },
    archives: [
      { name: 'debian', release, rollout: null, reporting: 1, current: 1, mirrors: [standing] },
    ],
  };
}

const page = (model: Overview, network = 'example') =>
  renderPage('network', networkPage(model, readQuery({})), {
    network,
    archives: model.archives.map(({ name }) => name),
    title: network,
  });
const render = (more: Partial<MirrorStanding>, network = 'example') =>
  page(overview(more), network);

test('the page says what is where, in a table with heads and times', () => {
  const html = render({});
  assert.match(html, /All is well\./);
  assert.match(html, /<a href="\/archives\/debian\/releases\/2026112100">2026112100<\/a>/);
  assert.match(html, /12,345 files, 1\.4 GB/);
  assert.match(html, /1 of 1 mirror reports it/);
  assert.match(
    html,
    /<th role="rowheader" scope="row"><a href="\/mirrors\/hub\.example\.org">hub\.example\.org<\/a>/,
  );
  assert.match(html, /<time datetime="2026-11-21T08:57:00\.000Z"[^>]*>3\u00a0min ago<\/time>/);
  assert.doesNotMatch(html, /<script|style=|onload|https?:/);
});

test('an empty network and an archive without mirrors have a sentence each', () => {
  const empty = { at: now, health: { level: 'empty', sentence: 'None.' } as const, archives: [] };
  assert.match(page(empty), /No archive yet/);
  const bare = overview({});
  const archives = bare.archives.map((one) => ({ ...one, release: null, mirrors: [] }));
  const html = page({ ...bare, archives });
  assert.match(html, /Nothing published yet/);
  assert.match(html, /No mirror has opted in yet/);
});

test('what was seen stands beside what is said, and never in its place', () => {
  const lies = { serial: 2026112000, at: now, reason: null };
  const html = render({ observed: lies });
  assert.match(html, /data-label="It says"><span class="state good">up to date/);
  assert.match(html, /data-label="Seen"><span class="state bad">behind<\/span>/);
  const nothing = render({ observed: { serial: null, at: now, reason: 'answers 404' } });
  assert.match(nothing, /no believable head<\/span><span class="reason">answers 404/);
});

test('hostile texts stay texts, in every field', () => {
  const hostile = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'); alert(1); ('",
    '</td></tr></table><h1>down</h1>',
    '<%= process.exit() %>',
    '&lt;b&gt;&#60;script&#62;',
    '\u202egnp.exe',
  ];
  for (const text of hostile) {
    const html = render(
      { mirror: text, reason: text, words: text, country: text, upstream: text, httpUrl: text },
      text,
    );
    assert.doesNotMatch(html, /<script|<img src=x|<h1>down|onerror=alert\(1\)>/);
    assert.equal(html.match(/<tr /g)?.length, 2, 'the table keeps its shape');
  }
});

test('any reason at all is shown without a tag or a turned direction', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (reason) => {
      const cell = /<span class="reason">([\s\S]*?)<\/span>/.exec(
        render({ state: 'failed', reason }),
      );
      assert.ok(cell?.[1] !== undefined);
      assert.doesNotMatch(cell[1], /[<>\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});

test('numbers and times in words', () => {
  assert.deepEqual([0, 59_000, 61_000, 7_200_000, 3 * 86_400_000].map(span), [
    '0\u00a0s',
    '59\u00a0s',
    '1\u00a0min',
    '2\u00a0h',
    '3\u00a0d',
  ]);
  assert.deepEqual([5_000, 60_500, 80_000, 7_500_000, 2 * 86_400_000 + 1].map(longSpan), [
    '5\u00a0s',
    '1\u00a0min',
    '1\u00a0min 20\u00a0s',
    '2\u00a0h 5\u00a0min',
    '2\u00a0d',
  ]);
  assert.equal(ago(now, now), 'just now');
  assert.deepEqual([0, 999, 1000, 999_950_000, 123_456_789_000].map(bytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '1.0 GB',
    '123 GB',
  ]);
  assert.equal(plain('a\n\tb\u202ec'), 'a bc');
  assert.equal(plain('x'.repeat(500)).length, 200);
});
