import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countryDistance } from '../geo/world.ts';
import type { MirrorStanding } from '../monitor/overview.ts';
import { nearestFirst, seenFresh } from './choose.ts';

const now = new Date('2026-11-21T09:00:00Z');
const standing = (mirror: string, more: Partial<MirrorStanding> = {}): MirrorStanding => ({
  mirror,
  archive: 'debian',
  kind: 'agent',
  tier: 1,
  upstream: null,
  country: 'DE',
  httpUrl: `https://${mirror}/`,
  state: 'current',
  words: 'up to date',
  serial: 7,
  lag: null,
  reason: null,
  leftBehind: false,
  at: now,
  observed: { serial: 7, at: now, reason: null },
  sight: null,
  quarantinedAt: null,
  ...more,
});
const url = ({ httpUrl }: MirrorStanding) => httpUrl ?? undefined;
const names = (...all: MirrorStanding[]) => seenFresh(all, 7, url, now).map(({ mirror }) => mirror);

test('only what was seen fresh is offered, whatever a mirror says', () => {
  const yesterday = new Date(now.getTime() - 25 * 3_600_000);
  assert.deepEqual(
    names(
      standing('good'),
      standing('liar', { observed: { serial: 6, at: now, reason: null } }),
      standing('never', { observed: null }),
      standing('long-ago', { observed: { serial: 7, at: yesterday, reason: null } }),
      standing('frozen', { observed: { serial: 7, at: now, reason: 'expired' } }),
      standing('early', { observed: { serial: 8, at: now, reason: null } }),
      standing('paused', { state: 'paused' }),
      standing('out', { quarantinedAt: now }),
      standing('no-web', { httpUrl: null }),
    ),
    ['good'],
  );
});

test('until somebody has the newest, all of a list are alike', () => {
  const seen = (state: 'behind' | 'frozen' | 'rolled-back', lacks: number) =>
    standing(`${state}-${lacks}`, {
      observed: { serial: 6, at: now, reason: 'It shows 6; one newer is out.' },
      sight: { state, lacks } as MirrorStanding['sight'],
    });
  const all = [seen('behind', 1), seen('frozen', 1), seen('rolled-back', 1), seen('behind', 0)];
  assert.deepEqual(names(...all), ['behind-1'], 'looked at again since the newest came out');
  const old = (mirror: string, serial: number) =>
    standing(mirror, { observed: { serial, at: now, reason: null } });
  assert.deepEqual(names(old('a', 6), old('b', 5), old('c', 6)), ['a', 'c']);
  assert.deepEqual(names(), []);
});

test('nearest first, and the load of those equally near is shared', () => {
  const offered = (mirror: string, country: string | null) => ({
    mirror,
    country,
    url: '',
    serial: 7,
  });
  const all = [
    offered('us', 'US'),
    offered('nowhere', null),
    offered('de1', 'DE'),
    offered('de2', 'DE'),
    offered('odd', 'XX'),
    offered('at', 'AT'),
  ];
  const order = (turn: number, country: string | null) =>
    nearestFirst(all, country, countryDistance, turn).map(({ mirror }) => mirror);
  assert.deepEqual(order(0, 'DE').slice(0, 4), ['de1', 'de2', 'at', 'us']);
  assert.deepEqual(order(3, 'DE').slice(0, 4), ['de2', 'de1', 'at', 'us']);
  assert.deepEqual(order(2, null)[0], 'de1');
  assert.deepEqual(new Set(order(5, 'XX')), new Set(all.map(({ mirror }) => mirror)));
});
