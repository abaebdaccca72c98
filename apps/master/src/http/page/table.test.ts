import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Row } from './row.ts';
import { readQuery, viewTable } from './table.ts';

const row = (mirror: string, more: Partial<Row> = {}): Row => ({
  mirror,
  archive: 'debian',
  tier: 1,
  country: 'SE',
  countryName: 'Sweden',
  tone: 'good',
  words: 'up to date',
  reason: null,
  serial: '1',
  lag: 'none',
  lagMs: -1,
  upstream: 'master',
  at: null,
  seen: { tone: 'good', words: 'current', reason: null, at: null, serial: null },
  quarantined: null,
  ...more,
});
const rows = [
  row('b'),
  row('a', { tier: 2, country: 'DE', countryName: 'Germany', tone: 'bad', lagMs: 5 }),
  row('liar', { seen: { tone: 'bad', words: '0', reason: null, at: null, serial: null } }),
];
const names = (query: Record<string, string>) =>
  viewTable(rows, readQuery(query), '/').rows.map(({ mirror }) => mirror);

test('filters and sorts as the address says', () => {
  assert.deepEqual(names({}), ['b', 'a', 'liar']);
  assert.deepEqual(names({ sort: 'mirror' }), ['a', 'b', 'liar']);
  assert.deepEqual(names({ sort: '-lag' })[0], 'a');
  assert.deepEqual(names({ country: 'DE' }), ['a']);
  assert.deepEqual(names({ tier: '1', q: 'B' }), ['b']);
  assert.deepEqual(names({ q: 'germ' }), ['a']);
  assert.deepEqual(names({ state: 'trouble' }), ['a', 'liar'], 'what was seen counts too');
  assert.deepEqual(names({ archive: 'other' }), []);
});

test('a head leads to its order, then to the reverse; a filter is kept on the way', () => {
  const table = viewTable(rows, readQuery({ sort: 'tier', tier: '1', page: '7' }), '/x');
  const tier = table.columns.find(({ title }) => title === 'Tier');
  assert.deepEqual(tier, { title: 'Tier', href: '/x?tier=1&sort=-tier', order: 'ascending' });
  assert.equal(table.query.page, 1, 'there is no page 7');
  assert.equal(table.words, '2 of 3 rows');
});

test('long tables come in pages', () => {
  const many = Array.from({ length: 450 }, (_, index) => row(`m${index}`));
  const { pages, rows: shown } = viewTable(many, readQuery({ page: '2', q: 'm' }), '/');
  assert.deepEqual(pages, { count: 3, previous: '/?q=m', next: '/?q=m&page=3' });
  assert.equal(shown.length, 200);
});

test('whatever stands in an address is no error', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string()))),
      (query) => {
        const { found } = viewTable(rows, readQuery(query), '/');
        assert.equal(found >= 0 && found <= 3, true);
      },
    ),
  );
  assert.deepEqual(names({ sort: 'constructor', state: '__proto__', country: 'de' }).length, 3);
});
