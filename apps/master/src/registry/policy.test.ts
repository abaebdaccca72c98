import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Findings } from './findings.ts';
import { missingIn } from './findings.ts';
import { plainText } from './plain-text.ts';
import { nextStep, type Circumstances } from './policy.ts';

const proven: Findings = {
  at: '2026-11-21T09:00:00Z',
  url: { ok: true, url: 'https://m.example.org/' },
  ssh: { ok: true },
  v4: { ok: true },
  v6: { ok: true },
  certificateDays: 80,
  space: [],
};
const step = (change: Partial<Circumstances>) =>
  nextStep({
    policy: 'review',
    invited: false,
    known: 'no',
    findings: proven,
    sameHostKey: false,
    ...change,
  });

test('what is not proven stays where it is, whoever invited it', () => {
  const noSsh = { ...proven, ssh: { ok: false } };
  const noUrl = { ...proven, url: { ok: false, url: 'x' } };
  for (const policy of ['invite', 'proof', 'review'] as const) {
    assert.equal(step({ policy, invited: true, findings: noSsh }), 'proving');
    assert.equal(step({ policy, invited: true, findings: noUrl }), 'proving');
  }
});

test('an invitation and the policy "proof" need no administrator; "review" does', () => {
  assert.equal(step({ invited: true }), 'approve');
  assert.equal(step({ policy: 'proof' }), 'approve');
  assert.equal(step({ policy: 'proof', findings: { ...proven, url: null } }), 'review');
  assert.equal(step({}), 'review');
});

test('an endpoint that shows the host key of another mirror is reviewed, whatever speaks for it', () => {
  const shared = { sameHostKey: true };
  assert.equal(step({ policy: 'proof', ...shared }), 'review');
  assert.equal(step({ invited: true, ...shared }), 'review');
  assert.equal(step({ known: 'active', ...shared }), 'review');
});

test('a known name is taken over by its URL alone; one that is suspended or left is reviewed', () => {
  const noUrl = { ...proven, url: null };
  assert.equal(step({ known: 'active' }), 'approve');
  assert.equal(step({ known: 'active', invited: true, findings: noUrl }), 'review');
  assert.equal(step({ known: 'suspended', invited: true }), 'review');
  assert.equal(step({ known: 'left', policy: 'proof' }), 'review');
  assert.equal(step({ known: 'left', invited: true }), 'approve');
});

test('what is missing is said in words', () => {
  assert.deepEqual(missingIn(proven), { required: [], advised: [] });
  const poor: Findings = {
    ...proven,
    ssh: { ok: false, reason: 'the host key is another one.' },
    v6: null,
    certificateDays: 3.5,
    space: [{ archive: 'debian', free: 2 ** 30, needed: 5 * 2 ** 30 }],
  };
  assert.deepEqual(missingIn(poor), {
    required: ['SSH: the host key is another one.'],
    advised: [
      'The public URL has no IPv6 address.',
      'The certificate of the public URL ends in 3 days.',
      'debian takes 5.0 GiB, and there are 1.0 GiB free.',
    ],
  });
});

test('texts of strangers are made plain', () => {
  assert.equal(plainText('  a\u0000\u001b[31mb\u202ec\u200bd\r\n e  '), 'a [31mb c d e');
  assert.equal(plainText('x'.repeat(500)).length, 200);
  assert.equal(plainText('Größe 😀'), 'Größe 😀');
});
