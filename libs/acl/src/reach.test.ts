import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { inCidrs } from './cidr.ts';
import { decide } from './decide.ts';
import {
  EVERYWHERE,
  intersectReaches,
  isWithin,
  reachOf,
  subtractReaches,
  uniteReaches,
} from './reach.ts';
import type { Rule } from './rule.ts';

const AT = new Date('2026-11-21T09:00:00Z');
const request = { who: { mirror: 'leaf1' }, action: 'pull', archive: 'debian', at: AT } as const;

describe('from where something is allowed', () => {
  test('everywhere, nowhere, and exceptions', () => {
    assert.deepEqual(reachOf([rule('allow', undefined)], request), EVERYWHERE);
    assert.deepEqual(reachOf([], request), []);
    assert.deepEqual(reachOf([rule('allow', ['192.0.2.7/32', '2001:db8::/32'])], request), [
      '192.0.2.7/32',
      '2001:db8::/32',
    ]);
    const but = [rule('allow', ['10.0.0.0/8']), rule('deny', ['10.0.0.0/10'])];
    assert.deepEqual(reachOf(but, request), ['10.64.0.0/10', '10.128.0.0/9']);
  });

  test('neighbours become one range', () => {
    const halves = [rule('allow', ['0.0.0.0/1']), rule('allow', ['128.0.0.0/1'])];
    assert.deepEqual(reachOf(halves, request), ['0.0.0.0/0']);
    assert.deepEqual(uniteReaches([['10.0.0.0/9'], ['10.128.0.0/9'], []]), ['10.0.0.0/8']);
  });

  test('an outer limit is never passed', () => {
    const all = [rule('allow', undefined)];
    assert.deepEqual(reachOf(all, request, ['127.0.0.0/8']), ['127.0.0.0/8']);
    assert.deepEqual(reachOf([rule('allow', ['10.0.0.0/8'])], request, ['127.0.0.0/8']), []);
    assert.deepEqual(reachOf(all, request, []), []);
  });

  test('a range around all of IPv4 is written for both families', () => {
    assert.deepEqual(reachOf([rule('allow', ['::/0'])], request), EVERYWHERE);
    const but = [rule('allow', undefined), rule('deny', ['::/0']), rule('allow', ['::1/128'])];
    assert.deepEqual(reachOf(but, request), ['::1/128']);
  });

  test('any rules, any address: in the ranges exactly when decide allows it', () => {
    const cidr = fc.constantFrom(...RANGES);
    const anyRule = fc.record({
      effect: fc.constantFrom('allow' as const, 'deny' as const),
      mirror: fc.boolean(),
      from: fc.option(fc.array(cidr, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    });
    const limit = fc.option(fc.array(cidr, { maxLength: 3 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 5 }), limit, (some, within) => {
        const rules = some.map(({ effect, mirror, from }, index) => ({
          ...rule(effect, from),
          id: `r${index}`,
          who: mirror ? { mirror: 'leaf1' } : {},
        }));
        const reach = reachOf(rules, request, within);
        for (const from of ADDRESSES) {
          const wanted =
            decide(rules, { ...request, from }).allowed &&
            (within === undefined || inCidrs(from, within));
          const family = reach.filter((one) => one.includes(':') === from.includes(':'));
          assert.equal(inCidrs(from, family), wanted, `${from} of ${reach.join(' ')}`);
        }
        assert.ok(isWithin(reach, EVERYWHERE));
        assert.deepEqual(uniteReaches([reach, reach]), reach);
        assert.deepEqual(intersectReaches(reach, EVERYWHERE), reach);
        if (within === undefined) return;
        const free = reachOf(rules, request);
        const limit = reachOf([rule('allow', undefined)], request, within);
        assert.deepEqual(intersectReaches(free, limit), reach);
        assert.deepEqual(uniteReaches([reach, subtractReaches(free, limit)]), free);
      }),
      { numRuns: 300 },
    );
  });
});

const RANGES = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3/32',
  '10.1.2.2/32',
  '128.0.0.0/1',
  '::/0',
  '::/1',
  '2001:db8::/32',
  '2001:db8::7/128',
  '::1/128',
];
const ADDRESSES = [
  '10.1.2.3',
  '10.1.2.2',
  '10.1.2.1',
  '10.2.0.1',
  '9.255.255.255',
  '11.0.0.0',
  '127.255.255.255',
  '128.0.0.0',
  '0.0.0.0',
  '::1',
  '::',
  '2001:db8::7',
  '2001:db8::6',
  '2001:db7::1',
  '8000::',
];

function rule(effect: Rule['effect'], from: string[] | undefined): Rule {
  const where = from === undefined ? {} : { from };
  return { id: effect, effect, who: {}, action: 'pull', ...where };
}
