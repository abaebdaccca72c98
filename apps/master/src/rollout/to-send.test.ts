import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTerminal, pushStates, type PushState } from '@pushmirror/trigger';
import type { ReleaseRow } from '../db/schema.ts';
import { mayTell, type Above } from './stock/may-tell.ts';
import { whatToSend } from './to-send.ts';

const push = (state: PushState, wave = 0, told: string | null = null) => ({
  state,
  wave,
  commit_told_at: told,
});
const release = (different: Partial<ReleaseRow> = {}) => ({
  switch: 'as-ready' as const,
  wave: 0,
  phase: 'done' as const,
  held_at: null,
  public_at: '2026-11-21T09:00:00Z',
  ...different,
});
const together = (different: Partial<ReleaseRow> = {}) =>
  release({ switch: 'together', phase: 'staging', ...different });

void describe('what is sent', () => {
  void test('is the whole head to a mirror that has not taken it, and nothing else', () => {
    for (const state of pushStates) {
      const open = ['waiting', 'sending', 'unreachable'].includes(state);
      assert.equal(whatToSend(push(state), release(), 'agent'), open ? 'all' : undefined, state);
    }
  });

  void test('is nothing while the release is held, or before the wave of the mirror', () => {
    const held = release({ held_at: '2026-11-21T09:00:00Z' });
    assert.equal(whatToSend(push('waiting'), held, 'agent'), undefined);
    assert.equal(
      whatToSend(push('staged'), together({ ...held, phase: 'done' }), 'agent'),
      undefined,
    );
    assert.equal(whatToSend(push('waiting', 1), release(), 'agent'), undefined);
    assert.equal(whatToSend(push('waiting', 1), release({ wave: 1 }), 'agent'), 'all');
  });

  void test('switching together: first the stage, then the word to commit, once', () => {
    assert.equal(whatToSend(push('waiting'), together(), 'agent'), 'stage1');
    assert.equal(whatToSend(push('staged'), together(), 'agent'), undefined);
    for (const phase of ['committing', 'baking', 'done'] as const) {
      assert.equal(whatToSend(push('staged'), together({ phase }), 'agent'), 'stage2');
      const told = push('staged', 0, '2026-11-21T09:00:00Z');
      assert.equal(whatToSend(told, together({ phase }), 'agent'), undefined);
    }
  });

  void test('a mirror that has not staged when the barrier opens is never told to commit', () => {
    const open = together({ phase: 'committing' });
    assert.equal(whatToSend(push('accepted'), open, 'agent'), undefined);
    assert.equal(whatToSend(push('waiting'), open, 'agent'), 'all');
  });

  void test('an earlier wave commits while a later one stages', () => {
    const second = together({ wave: 1 });
    assert.equal(whatToSend(push('staged', 0), second, 'agent'), 'stage2');
    assert.equal(whatToSend(push('waiting', 0), second, 'agent'), 'all');
    assert.equal(whatToSend(push('waiting', 1), second, 'agent'), 'stage1');
  });

  void test('as ready, whoever has staged commits by itself', () => {
    assert.equal(whatToSend(push('staged'), release(), 'agent'), undefined);
  });

  void test('a stock mirror hears nothing before the barrier is open, unless it is pushed in stages', () => {
    const hears = (hearer: 'stock' | 'staged stock', different: Partial<ReleaseRow> = {}) =>
      whatToSend(push('waiting'), together(different), hearer);
    assert.equal(hears('stock'), undefined);
    assert.equal(hears('staged stock'), 'stage1');
    assert.equal(hears('stock', { phase: 'committing' }), 'all');
    assert.equal(hears('staged stock', { phase: 'committing' }), 'all');
  });

  void test('a stock mirror is not told to commit before the release is public upstream', () => {
    const canaries = { phase: 'committing', public_at: null } as const;
    const staged = (release: Partial<ReleaseRow>) =>
      whatToSend(push('staged'), together(release), 'staged stock');
    assert.equal(staged(canaries), undefined);
    assert.equal(staged({ phase: 'committing' }), 'stage2');
    const sending = release({ phase: 'sending', public_at: null });
    for (const hearer of ['stock', 'staged stock'] as const) {
      assert.equal(whatToSend(push('waiting'), sending, hearer), undefined, hearer);
      assert.equal(whatToSend(push('waiting'), release(), hearer), 'all', hearer);
    }
  });

  void test('what has ended is never sent', () => {
    for (const state of pushStates.filter(isTerminal)) {
      for (const phase of ['sending', 'staging', 'committing', 'baking', 'done'] as const) {
        assert.equal(whatToSend(push(state), together({ phase }), 'agent'), undefined);
      }
    }
  });
});

void describe('below a stock mirror', () => {
  const at = new Date('2026-11-21T09:00:00Z');
  const ago = (s: number) => new Date(at.getTime() - s * 1000).toISOString();
  const above = (
    state: PushState,
    more: Partial<Above['push']> = {},
    runmirrors = false,
  ): Above => ({
    push: {
      mirror: 'hub',
      state,
      attempts: 1,
      quarantined: 0,
      created_at: ago(60),
      sent_at: ago(60),
      committed_at: state === 'committed' ? ago(30) : null,
      ...more,
    },
    isIdle: false,
    runmirrors,
  });
  const may = (
    word: 'all' | 'stage1' | 'stage2',
    of: Above | undefined,
    hearer = 'agent' as const,
  ) => mayTell(word, hearer, of, 600_000, at).may;

  void test('a mirror is told when that one has what it needs', () => {
    assert.equal(may('all', undefined), true);
    for (const state of ['waiting', 'sending', 'accepted', 'staged', 'unreachable'] as const) {
      assert.equal(may('all', above(state)), false, state);
    }
    assert.equal(may('all', above('committed')), true);
    assert.equal(may('stage1', above('accepted')), false);
    assert.equal(may('stage1', above('staged')), true);
    assert.equal(may('stage1', above('committed', {}, true)), true);
  });

  void test('who has staged commits at once, but for a stock mirror', () => {
    assert.equal(may('stage2', above('staged')), true);
    assert.equal(mayTell('stage2', 'staged stock', above('staged'), 600_000, at).may, false);
    assert.equal(mayTell('stage2', 'staged stock', above('committed'), 600_000, at).may, true);
  });

  void test('it is left to a runmirrors there for a time', () => {
    const told = mayTell('all', 'stock', above('committed', {}, true), 600_000, at);
    assert.deepEqual(told, {
      may: false,
      why: 'It is left to the runmirrors of hub.',
      until: new Date(at.getTime() + 570_000),
    });
    assert.equal(may('all', above('committed', { committed_at: ago(601) }, true)), true);
  });

  void test('nobody waits for one that is lost, has no turn, or takes an hour', () => {
    for (const state of ['refused', 'given-up', 'superseded'] as const) {
      assert.equal(may('all', above(state)), true, state);
    }
    assert.equal(may('all', above('unreachable', { attempts: 3 })), true);
    assert.equal(may('all', above('waiting', { quarantined: 1 })), true);
    assert.equal(may('all', { ...above('waiting'), isIdle: true }), true);
    assert.equal(may('all', above('accepted', { sent_at: ago(3601) })), true);
    assert.equal(may('all', above('waiting', { sent_at: null, created_at: ago(3601) })), true);
  });
});
