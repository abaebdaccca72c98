import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '@pushmirror/acl';
import fc from 'fast-check';
import { whyForbidden } from './addresses.ts';

test('addresses of the internet pass, in both families', () => {
  for (const address of ['8.8.8.8', '151.101.2.132', '2001:4860:4860::8888', '2a04:4e42::644']) {
    assert.equal(whyForbidden(address, []), undefined, address);
  }
});

test('the reason is that of the narrowest range', () => {
  assert.match(whyForbidden('169.254.169.254', []) ?? '', /metadata/);
  assert.match(whyForbidden('169.254.1.1', []) ?? '', /link-local/);
  assert.match(whyForbidden('2001:0:1::', []) ?? '', /Teredo/);
  assert.match(whyForbidden('::ffff:8.8.8.8', []) ?? '', /IPv4 address in IPv6/);
  assert.match(whyForbidden('fe80::1%eth0', []) ?? '', /one interface/);
});

test('a range that the administrator has opened passes, and nothing beside it', () => {
  const allow = [parseCidr('10.1.0.0/16')];
  assert.equal(whyForbidden('10.1.2.3', allow), undefined);
  assert.equal(whyForbidden('10.2.0.1', allow), 'private');
});

test('every address that stands for a private one is refused', () => {
  const part = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.constantFrom('10', '127', '0'), part, part, part, (a, b, c, d) => {
      const four = `${a}.${b}.${c}.${d}`;
      const hex = (x: number, y: number) => (x * 256 + y).toString(16);
      const [high, low] = [hex(Number(a), b), hex(c, d)];
      const forms = [
        four,
        `::ffff:${four}`,
        `64:ff9b::${four}`,
        `::${four}`,
        `2002:${high}:${low}::1`,
      ];
      for (const form of forms) assert.notEqual(whyForbidden(form, []), undefined, form);
    }),
  );
});
