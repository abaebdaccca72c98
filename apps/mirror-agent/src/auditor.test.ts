import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from '@pushmirror/trigger';
import { pino } from 'pino';
import { createAuditor } from './auditor.ts';
import type { PolledPeer } from './front-door/look.ts';
import type { News } from './outbox.ts';

function newAuditor() {
  const written: object[] = [];
  const reported: News[] = [];
  const auditor = createAuditor({
    audit: { append: async (entry) => void written.push(entry) },
    log: pino({ level: 'silent' }),
    report: async (news) => void reported.push(news),
    epochOf: () => 1,
  });
  return { auditor, written, reported };
}

const pushed: AuditEntry = {
  at: new Date(0),
  peer: { mirror: 'hub' },
  archive: 'debian',
  serial: 5,
  result: 'refused',
  refusal: 'signer',
  reason: 'not in allowed_signers',
};
const polled: AuditEntry & { peer: PolledPeer } = {
  ...pushed,
  peer: { upstream: 'rsync://hub/debian' },
};

void test('each trigger is kept, and what was refused is reported', async () => {
  const { auditor, written, reported } = newAuditor();
  await auditor(pushed);
  await auditor(pushed);
  assert.equal(written.length, 2);
  assert.deepEqual(
    reported.map(({ event, serial, via }) => [event, serial, via]),
    [
      ['refused', 5, 'push'],
      ['refused', 5, 'push'],
    ],
  );
});

void test('what polls bring over and over is kept once, heads and holds apart', async () => {
  const { auditor, written, reported } = newAuditor();
  const hold = { ...polled, about: 'hold' as const, refusal: 'namespace' as const };
  for (let i = 0; i < 3; i += 1) {
    await auditor(hold);
    await auditor(polled);
  }
  assert.equal(written.length, 2);
  assert.equal(reported.length, 1, 'a refused hold says nothing of the release itself');
});
