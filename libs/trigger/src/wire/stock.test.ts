import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainStock } from '../downstream.ts';
import { formatStockTrigger } from './stock.ts';

const head = { bytes: Buffer.from('head') };
const token = 'sync:token:aGVhZA';

void test('a stock mirror is sent what runmirrors would send', () => {
  const staged = { ...plainStock, push: 'staged' as const };
  const mhop = {
    push: 'mhop' as const,
    callback: true,
    names: { debian: '', ports: 'debian-ports' },
  };
  assert.equal(
    formatStockTrigger('debian', 'all', head, plainStock),
    `sync:archive:debian sync:all ${token}`,
  );
  assert.equal(
    formatStockTrigger('debian', 'stage1', head, staged),
    `sync:archive:debian sync:stage1 ${token}`,
  );
  assert.equal(
    formatStockTrigger('debian', 'stage1', head, mhop),
    `sync:archive: sync:mhop sync:stage1 ${token}`,
  );
  assert.equal(
    formatStockTrigger('ports', 'stage2', head, mhop),
    `sync:archive:debian-ports sync:callback sync:stage2 ${token}`,
  );
});
