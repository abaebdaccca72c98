import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checks, type Evidence } from './checks.ts';

const NOW = Date.parse('2026-11-21T09:00:00Z');

void test('a run in which all went well breaks no promise', () => {
  assert.deepEqual(broken(evidence()), []);
});

const breaks: [string, (evidence: Evidence) => void, string][] = [
  ['a history without an end', (e) => (e.history.complete = false), 'the run came to its end'],
  [
    'an acknowledged release that the database does not have',
    (e) => e.history.answers.push({ at: NOW, number: 2, serial: 13 }),
    'no acknowledged release is lost',
  ],
  [
    'a serial that two clients were given',
    (e) => e.history.answers.push({ at: NOW, number: 2, serial: 12 }),
    'no serial was given twice',
  ],
  ['a serial that fell', (e) => void e.master.releases.reverse(), 'serials only grow'],
  [
    'a mirror that was not to be told',
    (e) => void e.master.pushes.splice(0, 1),
    'every mirror has a push of every release',
  ],
  [
    'a push without an end',
    (e) => (e.master.pushes[0]!.state = 'accepted'),
    'every push is done 60 s after the last restart',
  ],
  [
    'a push that ended too late',
    (e) => (e.master.pushes[0]!.updatedAt = NOW + 61_000),
    'every push is done 60 s after the last restart',
  ],
  [
    'a last release that somebody refused',
    (e) => (e.master.pushes[1]!.state = 'refused'),
    'the last release is committed everywhere',
  ],
  [
    'a file with other bytes',
    (e) => e.mirrors[0]!.files.set('pool/a', 'old'),
    'every tree is the last release byte for byte',
  ],
  [
    'a file too many',
    (e) => e.mirrors[0]!.files.set('pool/z', 'z'),
    'every tree is the last release byte for byte',
  ],
  [
    'a report that never arrived',
    (e) => (e.mirrors[0]!.unsent = 1),
    "every mirror's state names the last serial",
  ],
  [
    'a head above a file of the release before',
    (e) => e.history.looks[1]!.stamps.set('pool/a', 1),
    'no head is newer than its tree',
  ],
  [
    'a head above a file that is not there',
    (e) => e.history.looks[1]!.stamps.delete('pool/b'),
    'no head is newer than its tree',
  ],
  ['a tree that went back', (e) => void e.history.looks.reverse(), "no tree's head ever went back"],
  [
    'a head that was news twice',
    (e) => e.mirrors[0]!.accepted.set(12, 2),
    'no mirror took the same head for news twice',
  ],
  [
    'a warning of Node in a log',
    (e) => void e.complaints.push('hub1: (node:1) MaxListenersExceededWarning'),
    'no program found a fault in itself',
  ],
];

for (const [what, spoil, promise] of breaks) {
  void test(`${what} breaks a promise, and it is named`, () => {
    const spoilt = evidence();
    spoil(spoilt);
    assert.ok(broken(spoilt).includes(promise), broken(spoilt).join('; '));
  });
}

function broken(evidence: Evidence): string[] {
  return checks
    .filter(({ violations }) => violations(evidence).length > 0)
    .map(({ promise }) => promise);
}

/** Two publishes, serials 11 and 12; the second replaced pool/a and kept pool/b. */
function evidence(): Evidence {
  const files = new Map([
    ['pool/a', 'a2'],
    ['pool/b', 'b1'],
  ]);
  const first = new Map([...files, ['pool/a', 'a1']] as [string, string][]);
  const push = { mirror: 'leaf', updatedAt: NOW, reason: null };
  const look = { at: NOW, mirror: 'leaf', when: 'between' };
  const stamps = (a: number) =>
    new Map([
      ['pool/a', a],
      ['pool/b', 1],
    ]);
  return {
    history: {
      seed: 1,
      archive: 'debian',
      mirrors: [{ name: 'leaf', upstream: 'master' }],
      contents: [
        { number: 1, from: NOW - 5_000, files: first },
        { number: 2, from: NOW - 3_000, files },
      ],
      answers: [
        { at: NOW - 4_000, number: 1, serial: 11 },
        { at: NOW - 2_000, number: 2, serial: 12 },
      ],
      kills: { master: 1 },
      cuts: 0,
      looks: [
        { ...look, serial: 11, stamps: stamps(1) },
        { ...look, serial: 12, stamps: stamps(2) },
      ],
      lastRestart: NOW,
      complete: true,
    },
    master: {
      releases: [
        { serial: 11, publishedAt: NOW - 4_500, head: 'Serial: 11\n' },
        { serial: 12, publishedAt: NOW - 2_500, head: 'Serial: 12\n' },
      ],
      pushes: [
        { ...push, serial: 11, state: 'superseded' },
        { ...push, serial: 12, state: 'committed' },
      ],
      integrity: 'ok',
    },
    tree: files,
    shown: 12,
    complaints: [],
    mirrors: [
      {
        name: 'leaf',
        shown: 12,
        inbox: 12,
        committed: 12,
        unsent: 0,
        accepted: new Map([[12, 1]]),
        corrupt: [],
        files: new Map(files),
      },
    ],
  };
}
