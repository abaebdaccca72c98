import assert from 'node:assert/strict';
import { BlockList, isIPv4 } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { closestCidr, inCidrs, isCidr, parseCidr } from './cidr.ts';
import { AclError } from './errors.ts';

describe('parseCidr', () => {
  const good = [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['2001:0db8:0:0:0:0:0:1', '2001:db8::1/128'],
    ['::/0', '::/0'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
  ] as const;
  for (const [text, canonical] of good) {
    test(`${text} is ${canonical}`, () => {
      const cidr = parseCidr(text);
      assert.equal(cidr.text, canonical);
      assert.deepEqual(parseCidr(cidr.text), cidr);
    });
  }

  const bad = [
    '10.1',
    '10.1/16',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8 ',
    ' 10.0.0.0/8',
    '10.0.0.1/8',
    '10.0.0.0/255.0.0.0',
    'fe80::1%eth0',
    '2001:db8::1/32',
    '2001:db8::/129',
    '[::1]',
    '1.2.3.4.5',
    '*',
    '!10.0.0.1',
    '',
    '10.0.0.0/8\n',
  ];
  for (const text of bad) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(
        () => parseCidr(text),
        (error) => error instanceof AclError && error.code === 'malformed-cidr',
      );
    });
  }

  test('bits behind the prefix: what was meant is said', () => {
    assert.throws(() => parseCidr('10.1.2.3/16'), /Did you mean "10\.1\.0\.0\/16"/);
  });
});

describe('inCidrs', () => {
  test('mapped addresses, zones, and what is no address', () => {
    assert.equal(inCidrs('::ffff:10.1.2.3', ['10.0.0.0/8']), true);
    assert.equal(inCidrs('10.1.2.3', ['::ffff:10.0.0.0/104']), true);
    assert.equal(inCidrs('10.1.2.3', ['::/0']), true);
    assert.equal(inCidrs('::1', ['0.0.0.0/0']), false);
    assert.equal(inCidrs('fe80::1%eth0', ['fe80::/10']), true);
    for (const odd of ['', '10.1', 'localhost', '10.0.0.1\n', '0x0a.0.0.1']) {
      assert.equal(inCidrs(odd, ['0.0.0.0/0', '::/0']), false, odd);
    }
    assert.equal(inCidrs('10.0.0.1', []), false);
  });

  test('the narrowest range is the closest', () => {
    const ranges = ['0.0.0.0/0', '10.1.0.0/16', '10.0.0.0/8'];
    assert.equal(closestCidr('10.1.2.3', ranges)?.text, '10.1.0.0/16');
  });

  test('agrees with BlockList of Node on any address and range', () => {
    // Few different bits, so that addresses and ranges meet often.
    const v4 = fc.tuple(...Array.from({ length: 4 }, () => fc.constantFrom(0, 1, 10, 127, 255)));
    const v6 = fc.tuple(...Array.from({ length: 8 }, () => fc.constantFrom(0, 1, 0x2001, 0xffff)));
    const address = fc.oneof(
      v4.map((bytes) => bytes.join('.')),
      v6.map((groups) => groups.map((one) => one.toString(16)).join(':')),
      v4.map((bytes) => `::ffff:${bytes.join('.')}`),
    );
    fc.assert(
      fc.property(address, address, fc.nat(128), (ip, net, bits) => {
        const prefix = Math.min(bits, isIPv4(net) ? 32 : 128);
        const [range] = [`${net}/${prefix}`].flatMap((text) => {
          try {
            return [parseCidr(text)];
          } catch (error) {
            const [, meant] = /Did you mean "(.*)"/.exec(String(error)) ?? [];
            return [parseCidr(meant ?? assert.fail(String(error)))];
          }
        });
        assert.ok(range);
        const list = new BlockList();
        const [first = '', digits] = range.text.split('/');
        list.addSubnet(first, Number(digits), range.family === 4 ? 'ipv4' : 'ipv6');
        const native = list.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6');
        // BlockList does not look for IPv4 in IPv6 ranges wider than the mapped one.
        const wider = range.family === 6 && range.bits < 96;
        if (!wider) assert.equal(inCidrs(ip, [range]), native, `${ip} in ${range.text}`);
      }),
      { numRuns: 3000 },
    );
  });
});

void test('isCidr says what parseCidr would', () => {
  for (const good of ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32']) assert.ok(isCidr(good));
  for (const bad of ['10.1.2.3/8', '10.1', '0x7f.1', '::/129', '']) assert.ok(!isCidr(bad));
});
