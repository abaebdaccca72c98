import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TriggerError } from '../errors.ts';
import { findSigner, parseAllowedSigners } from './allowed-signers.ts';
import { newKeyFile, newSigningKey, NOW, sshKeygen, temporaryFolder } from './fixtures.test.ts';
import { readSigningKey } from './signing-key.ts';
import { signMessage } from './sshsig.ts';

const key = newSigningKey();
const { blob, line } = key.publicKey;
const query = { blob, namespace: 'pushmirror-head', at: NOW };

function problemsOf(text: string): string {
  try {
    parseAllowedSigners(text, 'signers');
  } catch (error) {
    assert(error instanceof TriggerError);
    assert.equal(error.code, 'malformed-allowed-signers');
    return error.message;
  }
  return assert.fail('the file was taken');
}

void describe('reading allowed_signers', () => {
  void test('takes everything the format has', () => {
    const text = [
      '# who may sign',
      '',
      `  one,two*\t${line} a comment, namespaces="x"`,
      `"three" NameSpaces="a,b",valid-after="20260101Z",valid-before="20270101123059Z" ${line}\r`,
    ].join('\n');
    const [first, second] = parseAllowedSigners(text, 'signers');
    assert.deepEqual(first, { line: 3, principals: 'one,two*', key: first?.key });
    assert.equal(first?.key.line, line);
    assert.deepEqual(second, {
      line: 4,
      principals: 'three',
      key: second?.key,
      namespaces: 'a,b',
      validAfter: new Date('2026-01-01T00:00:00Z'),
      validBefore: new Date('2027-01-01T12:30:59Z'),
    });
  });

  void test('names every line with a problem, and what is wrong', () => {
    const text = [
      `fine ${line}`,
      `ca cert-authority ${line}`,
      `cut ${line.slice(0, 40)}`,
      `odd colour="red" ${line}`,
      'alone',
    ].join('\n');
    const problems = problemsOf(text).split('\n');
    assert.equal(problems.length, 4);
    assert.match(problems[0] ?? '', /^signers:2: certificate authorities are not supported/);
    assert.match(problems[1] ?? '', /^signers:3: .*key cannot be used/);
    assert.match(problems[2] ?? '', /^signers:4: .*option is unknown/);
    assert.match(problems[3] ?? '', /^signers:5: it must be: principals/);
  });

  void test('a file of another kind is told in few lines', () => {
    const problems = problemsOf('alone\n'.repeat(100)).split('\n');
    assert.deepEqual([problems.length, problems.at(-1)], [21, 'and 80 more.']);
  });

  const wrong: [text: string, why: RegExp][] = [
    [`a namespaces=x ${line}`, /name="value"/],
    [`a namespaces ${line}`, /namespaces needs/],
    [`a namespaces="x",namespaces="y" ${line}`, /twice/],
    [`a namespaces="x\\" ${line}`, /name="value"/],
    [`a namespaces="x", ${line}`, /name="value"/],
    [`a valid-after="20260101Z",valid-after="20260101Z" ${line}`, /twice/],
    [`a valid-after="tomorrow" ${line}`, /YYYYMMDD/],
    [`a valid-after="20260231Z" ${line}`, /real date/],
    [`a valid-before="2026010124Z" ${line}`, /real date/],
    [`a valid-before="202601012400Z" ${line}`, /real date/],
    [`a valid-before="19700101Z" ${line}`, /real date/],
    [`a valid-after="20260102Z",valid-before="20260101Z" ${line}`, /not later/],
    [`a valid-after="20260101Z",valid-before="20260101Z" ${line}`, /not later/],
    [`"a ${line}`, /principals/],
    [`a ssh-dss AAAAB3NzaC1kc3M=`, /DSA/],
    [`a sk-ssh-ed25519@openssh.com AAAA`, /hardware/],
    [`a\0b ${line}`, /control/],
    ['x'.repeat(2 ** 20 + 1), /1 MiB/],
  ];
  for (const [text, why] of wrong) {
    const shown = text.slice(0, 40).replace('\0', '\\0');
    void test(`refuses ${shown}`, () => assert.match(problemsOf(text), why));
  }

  void test('survives any text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(line, ' ', '"', ',', '\\', 'namespaces="', 'valid-after="20260101Z"', '\n'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          parseAllowedSigners(pieces.join(''), 'signers');
        } catch (error) {
          assert(error instanceof TriggerError, String(error));
        }
      }),
    );
  });
});

void describe('finding a signer', () => {
  const answer = (text: string) => findSigner(parseAllowedSigners(text, 'signers'), query);
  const reasonOf = (text: string) => {
    const given = answer(text);
    return given.found ? assert.fail('it was found') : given.reason;
  };

  void test('says which of several lines allows it', () => {
    const text = `old valid-before="20260101Z" ${line}\nnew valid-after="20260101Z" ${line}`;
    assert.deepEqual(answer(text), { found: true, principal: 'new' });
  });

  void test('says why not', () => {
    assert.match(reasonOf(''), /SHA256:\S+ does not count: it is not in allowed_signers/);
    assert.match(reasonOf(`a ${newSigningKey().publicKey.line}`), /not in allowed_signers/);
    assert.match(reasonOf(`a namespaces="file" ${line}`), /line 1 .*namespace pushmirror-head/);
    assert.match(reasonOf(`a valid-after="20270101Z" ${line}`), /not valid before 2027-01-01/);
    assert.match(reasonOf(`a valid-before="20260101Z" ${line}`), /not valid after 2026-01-01/);
  });

  void test('gives the stock verdict', (t) => {
    const folder = temporaryFolder(t);
    const signingKey = readSigningKey(newKeyFile(folder, 'key'));
    const message = Buffer.from('a text\n');
    const [signature, signers] = [join(folder, 'sig'), join(folder, 'signers')];
    writeFileSync(signature, signMessage(message, signingKey, 'ns'));

    const timezoneBefore = process.env['TZ'];
    t.after(() => {
      if (timezoneBefore === undefined) delete process.env['TZ'];
      else process.env['TZ'] = timezoneBefore;
    });
    const verdicts = { true: 0, false: 0 };
    for (const [start, timezone, time] of stockCases) {
      const text = `${start} ${signingKey.publicKey.line}\n`;
      writeFileSync(signers, text);
      const files = ['-f', signers, '-s', signature];
      const asked = ['-Y', 'verify', ...files, '-I', 'me', '-n', 'ns', `-Overify-time=${time}`];
      const stock = sshKeygen(asked, { input: message, timezone });
      process.env['TZ'] = timezone;
      const at = new Date(time.replace(/(....)(..)(..)(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
      const who = { blob: signingKey.publicKey.blob, namespace: 'ns', at, principal: 'me' };
      const ours = findSigner(parseAllowedSigners(text, 'signers'), who);
      assert.equal(ours.found, stock.ok, `${start} ${timezone} ${time}: ${stock.stderr}`);
      verdicts[`${ours.found}`] += 1;
    }
    assert(verdicts.true > 10 && verdicts.false > 10, JSON.stringify(verdicts));
  });
});

const MARCH = '20260310120000Z';
const stockCases: [start: string, timezone: string, time: string][] = [
  ['me', 'UTC', MARCH],
  ['m?', 'UTC', MARCH],
  ['m*', 'UTC', MARCH],
  ['*', 'UTC', MARCH],
  ['you', 'UTC', MARCH],
  ['you,me', 'UTC', MARCH],
  ['*,!me', 'UTC', MARCH],
  ['!you,*', 'UTC', MARCH],
  ['!you', 'UTC', MARCH],
  ['"me"', 'UTC', MARCH],
  ['me?', 'UTC', MARCH],
  ['me namespaces="ns"', 'UTC', MARCH],
  ['me NAMESPACES="ns"', 'UTC', MARCH],
  ['me namespaces="NS"', 'UTC', MARCH],
  ['me namespaces="n*,x"', 'UTC', MARCH],
  ['me namespaces="x,y"', 'UTC', MARCH],
  ['me namespaces="*,!ns"', 'UTC', MARCH],
  ['me namespaces=""', 'UTC', MARCH],
  ['me valid-after="20260310Z"', 'UTC', MARCH],
  ['me valid-after="20260311Z"', 'UTC', MARCH],
  ['me valid-after="20260310UTC"', 'UTC', MARCH],
  ['me valid-after="20260310120000z"', 'UTC', MARCH],
  ['me valid-after="20260310120001Z"', 'UTC', MARCH],
  ['me valid-before="20260310120000Z"', 'UTC', MARCH],
  ['me valid-before="20260310115959Z"', 'UTC', MARCH],
  ['me valid-before="202603101200Z"', 'UTC', MARCH],
  ['me valid-before="202603101159Z"', 'UTC', MARCH],
  ['me valid-before="20260310Z",namespaces="ns"', 'UTC', MARCH],
  ['me valid-after="202603101300"', 'Europe/Berlin', MARCH],
  ['me valid-after="202603101301"', 'Europe/Berlin', MARCH],
  ['me valid-after="202603100700"', 'America/New_York', MARCH],
  ['me valid-before="202603100659"', 'America/New_York', MARCH],
  // In summer time OpenSSH still reads standard time.
  ['me valid-after="20260701"', 'Europe/Berlin', '20260630225959Z'],
  ['me valid-after="20260701"', 'Europe/Berlin', '20260630230000Z'],
  ['me valid-before="20260101"', 'Australia/Sydney', '20251231140000Z'],
  ['me valid-before="20260101"', 'Australia/Sydney', '20251231140001Z'],
];
