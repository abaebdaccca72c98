import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countryName } from './iso-3166.ts';
import { countryDistance, countryPlace, landPath, MAP, onMap } from './world.ts';

test('countries are where one expects them', () => {
  const [longitude = 0, latitude = 0] = countryPlace('FR') ?? [];
  assert.equal(Math.round(longitude), 2, 'of France, not with its overseas parts');
  assert.equal(Math.round(latitude), 47);
  const order = ['US', 'JP', 'SG', 'AT', 'DE', 'XX'].toSorted(
    (a, b) => countryDistance('DE', a) - countryDistance('DE', b),
  );
  assert.deepEqual(order, ['DE', 'AT', 'US', 'JP', 'SG', 'XX']);
});

test('every country of the table has a place on the picture, but the smallest', () => {
  const [east, west] = [onMap('JP'), onMap('US')];
  assert.equal(east !== undefined && west !== undefined && east.x > west.x, true);
  for (const letters of ['MT', 'SG', 'HK', 'NZ', 'AR', 'CL', 'IS']) {
    const { x, y } = onMap(letters) ?? { x: -1, y: -1 };
    assert.equal(x >= 0 && x <= MAP.width && y >= 0 && y <= MAP.height, true, letters);
  }
  assert.equal(onMap('ZZ'), undefined);
});

test('land is one path of numbers; names are names', () => {
  assert.match(landPath(), /^M[-MLZ\d.,]+$/);
  assert.equal(countryName('DE'), 'Germany');
  assert.equal(countryName('<b>'), '<b>');
});
