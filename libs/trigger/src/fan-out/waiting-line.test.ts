import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createWaitingLine } from './waiting-line.ts';

void test('a line gives out what a sorted list would', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ add: fc.nat(4) }),
      fc.record({ remove: fc.nat(20) }),
      fc.constant('next' as const),
    ),
  );
  fc.assert(
    fc.property(steps, (all) => {
      const line = createWaitingLine<number>();
      let model: { rank: number; item: number }[] = [];
      let items = 0;
      for (const step of all) {
        if (step === 'next') {
          model.sort((a, b) => a.rank - b.rank || a.item - b.item);
          assert.equal(line.next(), model.shift()?.item);
        } else if ('add' in step) {
          items += 1;
          line.add(step.add, items);
          model.push({ rank: step.add, item: items });
        } else {
          const found = model.find(({ item }) => item === step.remove);
          line.remove(found?.rank ?? 0, step.remove);
          model = model.filter((one) => one !== found);
        }
        assert.equal(line.length, model.length);
      }
    }),
  );
});
