import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatTrace } from './format.ts';
import { parseTrace } from './parse.ts';
import type { TraceFile } from './trace.ts';

const full: TraceFile & { date: Date } = {
  date: new Date('2026-11-01T09:00:05Z'),
  dateStarted: new Date('2026-11-01T08:59:00Z'),
  archiveSerial: '2026110101',
  usedFtpsyncVersion: '20180513',
  creator: 'pushmirror 0.1.0',
  runningOnHost: 'klecker.example.org',
  maintainer: 'Admins <admins@example.org>',
  sponsor: 'Exämple <https://example.com>',
  country: 'DE',
  location: 'Köln: cellar',
  throughput: '10Gb',
  trigger: 'push',
  architectures: ['all', 'amd64', 'source'],
  architecturesConfiguration: { kind: 'include', architectures: ['amd64', 'source'] },
  upstreamMirror: 'ftp-master.example.org',
  rsyncTransport: 'plain',
  revision: ['i18n', 'AUIP'],
  bytesReceived: 123_456,
  secondsStage1: 50,
  secondsStage2: 10,
  seconds: 60,
  averageRate: 2057,
  network: 'example',
  archive: 'debian',
  head: { epoch: 1, serial: 2026110101 },
  headIssued: new Date('2026-11-01T08:58:00Z'),
  manifest: { sha256: 'ab'.repeat(32), bytes: 4096 },
  mode: 'classic',
  others: [{ name: 'X-Colour', value: 'blue' }],
};

const fullText = `Sun Nov  1 09:00:05 UTC 2026
Date: Sun, 01 Nov 2026 09:00:05 +0000
Date-Started: Sun, 01 Nov 2026 08:59:00 +0000
Archive serial: 2026110101
Used ftpsync version: 20180513
Creator: pushmirror 0.1.0
Running on host: klecker.example.org
Maintainer: Admins <admins@example.org>
Sponsor: Exämple <https://example.com>
Country: DE
Location: Köln: cellar
Throughput: 10Gb
Trigger: push
Architectures: all amd64 source${' '}
Architectures-Configuration: INCLUDE amd64 source${' '}
Upstream-mirror: ftp-master.example.org
Rsync-Transport: plain
Revision: i18n AUIP
Total bytes received in rsync: 123456
Total time spent in stage1 rsync: 50
Total time spent in stage2 rsync: 10
Total time spent in rsync: 60
Average rate: 2057 B/s
Pushmirror-Network: example
Pushmirror-Archive: debian
Pushmirror-Head: 1 2026110101
Pushmirror-Head-Issued: 2026-11-01T08:58:00Z
Pushmirror-Manifest: sha256:${'ab'.repeat(32)} 4096
Pushmirror-Mode: classic
X-Colour: blue
`;

describe('formatTrace', () => {
  test('every field, in the order and the words of ftpsync', () => {
    assert.equal(formatTrace(full), fullText);
  });

  test('only the date is needed', () => {
    assert.equal(
      formatTrace({ date: full.date }),
      'Sun Nov  1 09:00:05 UTC 2026\nDate: Sun, 01 Nov 2026 09:00:05 +0000\n',
    );
  });

  test('no value makes a line of its own', () => {
    const nasty = 'x\nArchive serial: 1\r\u2028Date: y\u202e';
    const text = formatTrace({
      date: full.date,
      maintainer: nasty,
      archiveSerial: nasty,
      architectures: [nasty],
      others: [
        { name: 'A\nB', value: 'x' },
        { name: 'Creator', value: 'twice' },
        { name: 'Good', value: nasty },
      ],
    });
    assert.deepEqual(text.split('\n').slice(2), [
      'Archive serial: unknown',
      'Maintainer: x Archive serial: 1 Date: y',
      'Architectures: x Archive serial: 1 Date: y ',
      'Good: x Archive serial: 1 Date: y',
      '',
    ]);
  });
});

describe('parseTrace', () => {
  test('reads what formatTrace wrote', () => {
    assert.deepEqual(parseTrace(fullText), full);
  });

  test('parse(format(x)) is x, for any trace', () => {
    fc.assert(
      fc.property(traces(), (trace) => {
        assert.deepEqual(parseTrace(formatTrace(trace)), trace);
      }),
      { numRuns: 1000 },
    );
  });

  test('traces of others: other cases, other fields, Windows line ends', () => {
    const trace = parseTrace(
      'Sun Feb 28 09:40:29 UTC 2016\r\nArchive Serial: 2016022802\r\nUpstream-Mirror: a.b\r\n' +
        'Archive-Update-Files: x\r\nno field\r\n: nothing\r\nSuites:\r\n',
    );
    assert.deepEqual(trace, {
      date: new Date('2016-02-28T09:40:29Z'),
      archiveSerial: '2016022802',
      upstreamMirror: 'a.b',
      others: [{ name: 'Archive-Update-Files', value: 'x' }],
    });
  });

  test('the first of two lines counts, as for ftpsync', () => {
    assert.equal(parseTrace('Archive serial: 1\nArchive serial: 2').archiveSerial, '1');
  });

  test('a date in the Date field alone will do', () => {
    const at = new Date('2016-02-28T09:40:29Z');
    assert.deepEqual(
      parseTrace('So 28. Feb 10:40:29 CET 2016\nDate: Sun, 28 Feb 2016 10:40:29 +0100'),
      {
        date: at,
      },
    );
    assert.deepEqual(parseTrace('2016-02-28T09:40:29Z').date, at);
  });

  test('values that are none are left out', () => {
    const text = [
      'Wed Feb 31 09:00:00 UTC 2026',
      'Date: yesterday',
      'Archive serial: unknown',
      'Average rate: fast',
      'Total bytes received in rsync: 99999999999999999999',
      'Total time spent in rsync: -1',
      'Architectures-Configuration: WHATEVER amd64',
      'Pushmirror-Head: 1',
      'Pushmirror-Manifest: md5:00 1',
      'Country:  ',
    ];
    assert.deepEqual(parseTrace(text.join('\n')), {});
  });

  test('what is no trace file has no date', () => {
    assert.equal(parseTrace('<!DOCTYPE html>\n<title>404: Not Found</title>').date, undefined);
    assert.deepEqual(parseTrace(''), {});
  });

  test('any text is read in no time, and what is read can be written', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(
          fc.constantFrom('Date', 'Revision', 'Others', '__proto__'),
          fc.string({ unit: 'binary' }),
        )
        .map((parts) => parts.join(': ')),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const trace = parseTrace(lines.join('\n'));
        const written = formatTrace({ ...trace, date: full.date });
        assert.equal(/[^\P{Cc}\n]/u.test(written), false);
      }),
    );
  });

  test('a hostile one costs little', () => {
    const started = performance.now();
    const endless = parseTrace(`Maintainer: ${'x'.repeat(50_000_000)}`);
    assert.equal(endless.maintainer?.length, 1024);
    const many = parseTrace(Array.from({ length: 100_000 }, (_, at) => `A${at}: b`).join('\n'));
    assert.equal(many.others?.length, 50);
    parseTrace(': '.repeat(5_000_000));
    assert.ok(performance.now() - started < 2000);
  });
});

function traces() {
  const plain = fc.stringMatching(/^[!-~äß€]([ -~äß€]{0,40}[!-~äß€])?$/);
  const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,10}$/);
  const words = fc.array(word, { minLength: 1, maxLength: 20 });
  const whole = fc.nat();
  const date = fc
    .integer({ min: 0, max: 4_102_444_800 })
    .map((seconds) => new Date(seconds * 1000));
  const optional: { [K in keyof TraceFile]-?: fc.Arbitrary<NonNullable<TraceFile[K]>> } = {
    date,
    dateStarted: date,
    archiveSerial: fc.stringMatching(/^\d{1,20}$/),
    usedFtpsyncVersion: plain,
    creator: plain,
    runningOnHost: plain,
    maintainer: plain,
    sponsor: plain,
    country: plain,
    location: plain,
    throughput: plain,
    trigger: plain,
    architectures: words,
    architecturesConfiguration: fc.oneof(
      fc.constant({ kind: 'all' as const }),
      record({
        kind: fc.constantFrom('include' as const, 'exclude' as const),
        architectures: words,
      }),
    ),
    upstreamMirror: plain,
    rsyncTransport: plain,
    revision: words,
    bytesReceived: whole,
    secondsStage1: whole,
    secondsStage2: whole,
    seconds: whole,
    averageRate: whole,
    network: plain,
    archive: plain,
    head: record({ epoch: whole, serial: fc.maxSafeNat() }),
    headIssued: date,
    manifest: record({ sha256: fc.stringMatching(/^[0-9a-f]{64}$/), bytes: whole }),
    mode: plain,
    others: fc.array(record({ name: fc.stringMatching(/^X-[a-z]{1,10}$/), value: plain }), {
      minLength: 1,
      maxLength: 5,
    }),
  };
  return fc.record(optional, { requiredKeys: ['date'], noNullPrototype: true });
}

/** Records as parseTrace makes them: with the usual prototype. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record<T>(model, { noNullPrototype: true });
}
