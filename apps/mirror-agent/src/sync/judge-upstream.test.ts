import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Head, SignedHead } from '@pushmirror/trigger';
import { tempFolder, type TempFolder } from '../../../../test/harness/temp-folder.ts';
import { createHeads } from './fixtures.test.ts';
import { judgeUpstream, sameRelease } from './judge-upstream.ts';
import type { UpstreamView } from './upstream.ts';

const URL = 'rsync://hub.example.org/debian';
let folder: TempFolder;
let head: (serial: number, changes?: Partial<Head>) => SignedHead;

before(async () => {
  folder = await tempFolder('judge');
  head = await createHeads(folder.path);
});
after(() => folder.remove());

const shows = (signed: SignedHead): UpstreamView => ({
  head: signed.bytes,
  inProgress: [],
  changing: false,
});
const serial = (number: string): UpstreamView => ({
  inProgress: [],
  changing: false,
  archiveSerial: number,
  masterTrace: Buffer.from(`Archive serial: ${number}\n`),
  release: { network: 'example', archive: 'debian', serial: Number(number) },
});
/** As the archive's own program numbers it. */
const dak = (number: string): UpstreamView => {
  const { release: _, ...view } = serial(number);
  return view;
};
const silent: UpstreamView = { inProgress: [], changing: false };

/** The reason why an upstream is not used. */
function refusal(view: UpstreamView, goal: SignedHead | undefined): string {
  const verdict = judgeUpstream(URL, view, goal);
  assert.equal(verdict.verdict, 'unusable');
  return verdict.verdict === 'unusable' ? verdict.reason : '';
}

void test('an upstream with our goal is good, also when its head was issued again', () => {
  const again = head(7, { issued: new Date('2026-11-21T10:00:00Z') });
  assert.equal(judgeUpstream(URL, shows(head(7)), head(7)).verdict, 'at-goal');
  assert.equal(judgeUpstream(URL, shows(again), head(7)).verdict, 'at-goal');
  assert.equal(judgeUpstream(URL, shows(head(7)), again).verdict, 'at-goal');
  assert.equal(judgeUpstream(URL, serial('7'), head(7)).verdict, 'at-goal');
});

void test('a newer head, or any without a goal, has to be asked about', () => {
  assert.equal(judgeUpstream(URL, shows(head(8)), head(7)).verdict, 'ask');
  assert.equal(judgeUpstream(URL, shows(head(1, { epoch: 2 })), head(7)).verdict, 'ask');
  assert.equal(judgeUpstream(URL, shows(head(8)), undefined).verdict, 'ask');
});

void test('without a head, the archive serial decides; without either, there is nothing to decide by', () => {
  assert.deepEqual(judgeUpstream(URL, serial('8'), head(7)), { verdict: 'headless', serial: 8 });
  assert.deepEqual(judgeUpstream(URL, serial('8'), undefined), { verdict: 'headless', serial: 8 });
  assert.deepEqual(judgeUpstream(URL, silent, undefined), { verdict: 'headless' });
  assert.match(
    refusal(silent, head(7)),
    /neither a head nor a serial of debian of example: it is not at 7 yet/,
  );
});

void test("dak's serials are not taken for ours", () => {
  for (const number of ['6', '7', '8']) {
    assert.match(refusal(dak(number), head(7)), /it is not at 7 yet/);
  }
  assert.deepEqual(judgeUpstream(URL, dak('8'), undefined), { verdict: 'headless', serial: 8 });
  const other = { ...serial('7'), release: { network: 'else', archive: 'debian', serial: 7 } };
  assert.match(refusal(other, head(7)), /it is not at 7 yet/);
});

void test('an upstream that cannot bring us to the goal is not used, and the reason says why', () => {
  assert.equal(
    refusal(shows(head(6)), head(7)),
    `upstream ${URL} is still at serial 6, not yet at 7`,
  );
  assert.match(refusal(serial('6'), head(7)), /still at serial 6/);
  assert.match(refusal(shows(head(7, { archive: 'other' })), head(7)), /serves other of example/);
  assert.match(refusal(shows(head(7, { network: 'else' })), head(7)), /correct the URL/);
  const manifest = { sha256: 'ab'.repeat(32), bytes: 10 };
  assert.match(refusal(shows(head(7, { manifest })), head(7)), /another manifest/);
  assert.match(refusal({ ...silent, head: Buffer.from('no head') }, head(7)), /cannot be read/);
});

void test('a mirror between two releases is believed nothing, unless it says that it is at work', () => {
  assert.match(refusal({ ...shows(head(7)), changing: true }, head(7)), /between two releases/);
  const atWork = { ...shows(head(7)), changing: true, inProgress: ['hub.example.org'] };
  assert.equal(judgeUpstream(URL, atWork, head(7)).verdict, 'at-goal');
});

void test('a release is the same until its serial, its content or its trace changes', () => {
  const again = head(7, { issued: new Date('2026-11-21T10:00:00Z') });
  assert.ok(sameRelease(shows(head(7)), shows(again)));
  assert.ok(!sameRelease(shows(head(7)), shows(head(8))));
  assert.ok(!sameRelease(shows(head(7)), silent));
  assert.ok(!sameRelease(silent, shows(head(7))));
  assert.ok(sameRelease(serial('7'), serial('7')));
  assert.ok(!sameRelease(serial('7'), serial('8')));
  assert.ok(!sameRelease(serial('7'), silent));
  assert.ok(sameRelease(silent, silent));
});
