import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { whoMayPull, type PullSlots } from './pull-slots.ts';

const now = new Date('2026-11-21T10:00:00Z');
const ago = (ms: number) => new Date(now.getTime() - ms);
const wants = (mirror: string, priority: PullSlots['waiting'][number]['priority'] = 'healthy') => ({
  mirror,
  priority,
});
const decide = (different: Partial<PullSlots>) =>
  whoMayPull({ waiting: [], pulling: [], limit: 2, timeoutMs: 60_000, now, ...different });

void describe('slots of one upstream', () => {
  void test('are given to as many as there are, first come, first served', () => {
    const waiting = [wants('a'), wants('b'), wants('c')];
    assert.deepEqual(decide({ waiting }), {
      go: ['a', 'b'],
      lookAgainAt: new Date(now.getTime() + 60_000),
    });
  });

  void test('go to hubs first, and to those that failed the last time after the others', () => {
    const waiting = [wants('lame', 'suspect'), wants('leaf'), wants('hub', 'hub')];
    assert.deepEqual(decide({ waiting }).go, ['hub', 'leaf']);
    assert.deepEqual(decide({ waiting, limit: 9 }).go, ['hub', 'leaf', 'lame']);
  });

  void test('are held by those that pull, until they time out', () => {
    const pulling = [
      { mirror: 'slow', since: ago(59_999) },
      { mirror: 'dead', since: ago(60_000) },
    ];
    const { go, lookAgainAt } = decide({ waiting: [wants('a'), wants('b')], pulling });
    assert.deepEqual(go, ['a']);
    assert.deepEqual(lookAgainAt, new Date(now.getTime() + 1));
  });

  void test('are looked at again only while somebody waits', () => {
    const pulling = [{ mirror: 'slow', since: ago(1) }];
    assert.deepEqual(decide({ pulling }), { go: [] });
    assert.deepEqual(decide({ waiting: [wants('a')], pulling }), { go: ['a'] });
  });

  void test('do not stop what is urgent, nor a mirror that pulls already', () => {
    const pulling = [wants('a'), wants('b')].map(({ mirror }) => ({ mirror, since: ago(1) }));
    const waiting = [wants('c'), wants('b'), wants('d', 'urgent')];
    assert.deepEqual(decide({ waiting, pulling }).go, ['d', 'b']);
  });

  void test('are never given beyond the limit, and never stay free while somebody waits', () => {
    const mirror = fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const slots = fc.record({
      waiting: fc.array(
        fc.record({ mirror, priority: fc.constantFrom('hub', 'healthy', 'suspect') }),
      ),
      pulling: fc.array(fc.record({ mirror, since: fc.integer({ min: 0, max: 99 }).map(ago) })),
      limit: fc.integer({ min: 1, max: 6 }),
      timeoutMs: fc.constant(50),
      now: fc.constant(now),
    });
    fc.assert(
      fc.property(slots, (some) => {
        const { go, lookAgainAt } = whoMayPull(some);
        const live = some.pulling.filter(({ since }) => since > ago(50));
        const pulls = new Set(live.map((one) => one.mirror));
        const fresh = go.filter((one) => !pulls.has(one));
        const left = some.waiting.filter((one) => !go.includes(one.mirror));
        assert.equal(new Set(go).size, go.length);
        assert(fresh.length <= Math.max(some.limit - pulls.size, 0));
        assert.equal(left.length > 0, lookAgainAt !== undefined);
        if (left.length > 0) assert(pulls.size + fresh.length >= some.limit);
      }),
    );
  });
});
