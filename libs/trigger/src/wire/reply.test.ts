import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exitCodeOf, formatReply, parseReply, type Reply, type Result } from './reply.ts';

const results = Object.keys(exitCodeOf) as Result[];

void test('a reply comes back as it was, from one line', () => {
  const anyReply: fc.Arbitrary<Reply> = fc.record(
    {
      result: fc.constantFrom(...results),
      archive: fc.string({ maxLength: 64 }),
      serial: fc.maxSafeInteger(),
      reason: fc.string({ unit: 'binary', maxLength: 200 }),
    },
    { requiredKeys: ['result'], noNullPrototype: true },
  );
  fc.assert(
    fc.property(anyReply, (reply) => {
      const line = formatReply(reply);
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.deepEqual(parseReply(line), reply);
    }),
  );
});

void test('a reply has the form of the design', () => {
  assert.equal(
    formatReply({ result: 'accepted', archive: 'debian', serial: 7, reason: 'New.' }),
    '{"result":"accepted","archive":"debian","serial":7,"reason":"New."}\n',
  );
  assert.equal(formatReply({ result: 'malformed' }), '{"result":"malformed"}\n');
});

void test('the exit codes are those of sysexits.h', () => {
  assert.deepEqual(exitCodeOf, { accepted: 0, duplicate: 0, malformed: 65, busy: 75, refused: 77 });
});

void test('what is no reply is not taken for one', () => {
  const others = [
    '',
    'hello',
    '[]',
    'null',
    '"accepted"',
    '{}',
    '{"result":"ok"}',
    '{"result":"toString"}',
    '{"result":"__proto__"}',
    '{"result":["accepted"]}',
    '{"result":"accepted"} {"result":"refused"}',
    `{"result":"accepted","reason":"${'x'.repeat(5000)}"}`,
  ];
  for (const line of others) assert.equal(parseReply(line), undefined, line.slice(0, 60));
});

void test('fields of the wrong kind are left out', () => {
  const line = '{"result":"refused","archive":7,"serial":1.5,"reason":{},"more":true}';
  assert.deepEqual(parseReply(line), { result: 'refused' });
  assert.deepEqual(parseReply('{"result":"refused","serial":9007199254740993}'), {
    result: 'refused',
  });
});

void test('any text is survived', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void parseReply(line)));
});
