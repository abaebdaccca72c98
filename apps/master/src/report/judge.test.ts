import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '@pushmirror/trigger';
import { judgeReport, type ReportContext } from './judge.ts';

const report = (more: Partial<Report>): Report => ({
  id: '0123456789abcdef:1',
  at: '2026-11-21T09:00:00Z',
  archive: 'debian',
  epoch: 1,
  serial: 2026112100,
  event: 'committed',
  ...more,
});
const context: ReportContext = {
  reporter: 'hub',
  epoch: 1,
  optedIn: true,
  sender: 'hub',
  stock: false,
};

test('a mirror speaks for itself', () => {
  assert.deepEqual(judgeReport(report({}), context), {
    kind: 'claim',
    mirror: 'hub',
    served: true,
    state: 'committed',
  });
  const effect = judgeReport(report({ event: 'staged', mirror: 'other' }), context);
  assert.ok(effect.kind === 'claim' && effect.mirror === 'hub' && !effect.served);
});

test('a failure that waits for a person ends the push, one that is retried does not', () => {
  const state = (more: Partial<Report>) => {
    const effect = judgeReport(report({ event: 'failed', ...more }), context);
    return effect.kind === 'claim' ? effect.state : effect.kind;
  };
  assert.equal(state({}), 'given-up');
  assert.equal(state({ retryAt: '2026-11-21T09:05:00Z' }), 'accepted');
});

test('a refusal by the mirror moves no push', () => {
  assert.deepEqual(judgeReport(report({ event: 'refused' }), context), {
    kind: 'claim',
    mirror: 'hub',
    served: false,
  });
});

test('a hub speaks of the pushes that it sends, and of no others', () => {
  const push = report({ event: 'push', mirror: 'leaf', state: 'unreachable' });
  assert.deepEqual(judgeReport(push, context), {
    kind: 'push',
    mirror: 'leaf',
    state: 'unreachable',
  });
  assert.equal(judgeReport(push, { ...context, sender: 'master' }).kind, 'refused');
  assert.equal(judgeReport(push, { ...context, sender: undefined }).kind, 'refused');
  const stock = { ...context, stock: true };
  assert.equal(judgeReport({ ...push, state: 'committed' }, context).kind, 'refused');
  assert.equal(judgeReport({ ...push, state: 'committed' }, stock).kind, 'refused');
  assert.equal(judgeReport({ ...push, state: 'staged' }, context).kind, 'refused');
  assert.equal(judgeReport({ ...push, state: 'staged' }, stock).kind, 'push');
  assert.equal(judgeReport(report({ event: 'push', mirror: 'leaf' }), context).kind, 'refused');
});

test('what never was cannot be reported', () => {
  assert.equal(judgeReport(report({}), { ...context, epoch: undefined }).kind, 'refused');
  assert.equal(judgeReport(report({ epoch: 2 }), context).kind, 'refused');
  assert.equal(judgeReport(report({}), { ...context, optedIn: false }).kind, 'refused');
});
