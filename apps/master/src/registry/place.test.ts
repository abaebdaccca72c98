import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MirrorRow } from '../db/schema.ts';
import { checkNewMirror } from './new-mirror.ts';
import { placeFor, type Network } from './place.ts';
import { someKey } from '../setup/fixture.test.ts';
import { treeOf } from './tree.ts';

const key = someKey();
const archive = { name: 'debian' } as never;

function mirror(name: string, change: Partial<MirrorRow> = {}): MirrorRow {
  const ssh = { host: name, port: 22, user: 'mirror' };
  const wanted = {
    name,
    kind: 'agent' as const,
    ssh,
    hostKey: key,
    pushKey: key,
    archives: ['debian'],
  };
  const known = { mirrors: [], archives: [archive], optIns: [] };
  const row = checkNewMirror({ ...wanted, rsyncUrl: `rsync://${name}` }, known, new Date(0));
  return { ...row, ...change };
}

function network(...mirrors: MirrorRow[]): Network {
  return { mirrors, optIns: mirrors.map(({ name }) => ({ mirror: name, archive: 'debian' })) };
}

const seeker = { name: 'new', archives: ['debian'], country: 'DE', wish: undefined };

test('a wish is granted, else a hub of the same country, else the master', () => {
  const all = network(mirror('fr', { country: 'FR' }), mirror('de', { country: 'DE' }));
  assert.equal(placeFor({ ...seeker, wish: 'fr' }, all), 'fr');
  assert.equal(placeFor({ ...seeker, wish: 'master' }, all), null);
  assert.equal(placeFor({ ...seeker, wish: 'unknown' }, all), 'de');
  assert.equal(placeFor({ ...seeker, country: 'PL' }, all), null);
});

test('a hub must be able to: active, an agent, with a push key, with the archive, with room', () => {
  const unfit: Partial<MirrorRow>[] = [
    { state: 'paused' },
    { state: 'suspended' },
    { kind: 'ftpsync' },
    { push_key: null },
    { rsync_url: null },
    { quarantined_at: '2026-01-01T00:00:00Z' },
  ];
  for (const change of unfit) {
    const hub = mirror('de', { country: 'DE', ...change });
    assert.equal(placeFor({ ...seeker, wish: 'de' }, network(hub)), null, JSON.stringify(change));
  }
  assert.equal(placeFor(seeker, { mirrors: [mirror('de', { country: 'DE' })], optIns: [] }), null);
  const full = Array.from({ length: 32 }, (_, i) => mirror(`leaf${i}`, { upstream: 'de' }));
  const crowded = network(mirror('de', { country: 'DE' }), ...full);
  assert.equal(placeFor({ ...seeker, wish: 'de' }, crowded), null);
});

test('no place makes a circle, wherever a mirror of a random tree asks for one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 2, maxLength: 12 }),
      fc.nat(),
      fc.nat(),
      (parents, who, wish) => {
        const rows = parents.map((parent, i) =>
          mirror(`m${i}`, {
            upstream: i === 0 || parent % (i + 1) === i ? null : `m${parent % i}`,
          }),
        );
        const name = `m${who % rows.length}`;
        const place = placeFor(
          { ...seeker, name, wish: `m${wish % rows.length}` },
          network(...rows),
        );
        const moved = rows.map((row) => (row.name === name ? { ...row, upstream: place } : row));
        assert.doesNotThrow(() => treeOf(moved));
      },
    ),
    { numRuns: 200 },
  );
});
