import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TriggerError } from '../errors.ts';
import { anyHead, exampleHead, exampleHold, newSigningKey } from '../head/fixtures.test.ts';
import { signHold } from '../head/hold.ts';
import { signHead } from '../head/sign.ts';
import { formatTrigger, LONGEST_TRIGGER, parseTrigger, triggerWords } from './trigger.ts';

const key = newSigningKey();

function refusalOf(command: string): string {
  try {
    parseTrigger(command);
  } catch (error) {
    assert(error instanceof TriggerError);
    assert.equal(error.code, 'malformed-trigger');
    return error.message;
  }
  return assert.fail('it was taken for a trigger');
}

void describe('a trigger', () => {
  void test('has the form of the design', () => {
    const head = signHead(exampleHead(), key);
    const token = head.bytes.toString('base64url');
    const command = formatTrigger({ archive: 'debian', head });
    assert.equal(command, `sync:archive:debian sync:all sync:token:${token}`);
  });

  void test('comes back as it was', () => {
    const stages = fc.constantFrom([], ['all'], ['stage1'], ['stage2'], ['stage1', 'stage2']);
    const words = fc
      .tuple(stages, fc.subarray(['callback', 'mhop']))
      .map((both) => triggerWords.filter((word) => both.flat().includes(word)));
    const trigger = fc.record(
      { archive: fc.constantFrom('debian', 'a.b_c+d-e'), words, head: anyHead },
      { requiredKeys: ['words'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(trigger, ({ head, ...named }) => {
        const signed = head === undefined ? {} : { head: signHead(head, key) };
        const parsed = parseTrigger(formatTrigger({ ...named, ...signed }));
        assert.equal(parsed.archive, named.archive);
        assert.deepEqual(parsed.words, new Set(named.words));
        assert.deepEqual(parsed.token, signed.head?.bytes);
      }),
    );
  });

  void test('has a hold in place of a token, and no words that begin a sync', () => {
    const hold = signHold(exampleHold(), key);
    const command = formatTrigger({ archive: 'debian', hold });
    assert.equal(command, `sync:archive:debian sync:hold:${hold.bytes.toString('base64url')}`);
    const parsed = parseTrigger(command);
    assert.deepEqual(parsed, { archive: 'debian', words: new Set(), hold: hold.bytes });
  });

  void test('fits the wire with the longest head there is', () => {
    const longest = 'x'.repeat(64);
    const most = Number.MAX_SAFE_INTEGER;
    const manifest = { sha256: 'f'.repeat(64), bytes: most };
    const names = { network: longest, archive: longest, manifest };
    const head = signHead(exampleHead({ ...names, epoch: most, serial: most }), key);
    const words = ['callback', 'mhop', 'stage1', 'stage2'] as const;
    const command = formatTrigger({ archive: longest, words, head });
    assert(command.length < LONGEST_TRIGGER / 2, `${command.length}`);
  });

  void test('is not sent in a form that nobody would read', () => {
    const wrong = [
      { archive: '../etc' },
      { archive: 'a b' },
      { words: ['all', 'stage1'] as const },
      { head: { bytes: Buffer.alloc(3100) } },
    ];
    for (const trigger of wrong) {
      assert.throws(() => formatTrigger(trigger), { code: 'malformed-trigger' });
    }
  });
});

void describe('what stock runmirrors sends', () => {
  void test('is understood', () => {
    assert.deepEqual(parseTrigger(' sync:archive: sync:all'), { words: new Set(['all']) });
    assert.deepEqual(parseTrigger(' sync:archive:debian-security sync:callback sync:stage1'), {
      archive: 'debian-security',
      words: new Set(['callback', 'stage1']),
    });
    assert.deepEqual(parseTrigger(' sync:archive: sync:mhop sync:stage2'), {
      words: new Set(['mhop', 'stage2']),
    });
  });

  void test('is what we send without a head', () => {
    assert.equal(formatTrigger({}), 'sync:archive: sync:all');
    const staged = formatTrigger({ archive: 'debian', words: ['stage1', 'mhop', 'callback'] });
    assert.equal(staged, 'sync:archive:debian sync:callback sync:mhop sync:stage1');
  });
});

void describe('the grammar of a trigger', () => {
  const cases: [command: string, why: RegExp][] = [
    ['', /empty/],
    ['   ', /empty/],
    ['sync:everything', /not known/],
    ['sync:ALL', /not known/],
    ['sync:', /not known/],
    ['all', /not known/],
    ['sync:all; reboot', /not known/],
    ['sync:all\nsync:mhop', /not known/],
    ['sync:all\tsync:mhop', /not known/],
    ['sync:all\0', /not known/],
    ['sync:all\u00a0', /not known/],
    ['sync:all $(reboot)', /not known/],
    ['rsync --server --sender . /', /not known/],
    ['sync:all sync:all', /twice/],
    ['sync:all sync:stage2', /at once/],
    ['sync:archive:a sync:archive:b', /more than one archive/],
    ['sync:archive: sync:archive:a', /more than one archive/],
    ['sync:archive:../../etc', /not a valid name/],
    ['sync:archive:-rf', /not a valid name/],
    ['sync:archive:Debian', /not a valid name/],
    [`sync:archive:${'a'.repeat(65)}`, /not a valid name/],
    ['sync:token:', /base64url/],
    ['sync:token:AA==', /base64url/],
    ['sync:token:AB', /base64url/],
    ['sync:token:A', /base64url/],
    ['sync:token:A+/A', /base64url/],
    ['sync:token:AAAA sync:token:BBBB', /more than one token/],
    ['sync:hold:', /hold is not base64url/],
    ['sync:hold:AA==', /hold is not base64url/],
    ['sync:hold:AAAA sync:hold:BBBB', /more than one hold/],
    ['sync:hold:AAAA sync:token:BBBB', /a token and a hold/],
    ['sync:hold:AAAA sync:all', /a hold and asks for a sync/],
    [`sync:all ${' '.repeat(LONGEST_TRIGGER)}`, /longer than 4096/],
    [`sync:token:${'A'.repeat(LONGEST_TRIGGER)}`, /longer than 4096/],
    ['é'.repeat(LONGEST_TRIGGER / 2 + 1), /longer than 4096/],
  ];
  for (const [command, why] of cases) {
    void test(`refuses ${JSON.stringify(command.slice(0, 40))}`, () => {
      assert.match(refusalOf(command), why);
    });
  }

  void test('survives any text, and takes only known words', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('sync:', 'archive:', 'token:', 'all', ' ', 'AAAA', 'debian', 'sync:stage1'),
    );
    const command = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(command, (text) => {
        try {
          const { archive = '', token } = parseTrigger(text);
          assert.match(archive, /^[a-z0-9._+-]*$/);
          assert(token === undefined || token.length > 0);
          assert.match(text, /^( *sync:[A-Za-z0-9:._+-]+)+ *$/);
        } catch (error) {
          assert(error instanceof TriggerError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });

  void test('never repeats what it was given', () => {
    for (const command of ['marker', 'sync:archive:Marker', 'sync:token:marker!', 'sync:marker']) {
      assert(!/marker/i.test(refusalOf(command)));
    }
  });
});
