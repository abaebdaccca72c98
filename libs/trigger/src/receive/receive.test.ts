import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { appendToFile, replaceFile } from '@pushmirror/host';
import fc from 'fast-check';
import {
  exampleHead,
  exampleHold,
  newSigningKey,
  NOW,
  signersOf,
  temporaryFolder,
} from '../head/fixtures.test.ts';
import { parseHead, type Head } from '../head/head.ts';
import { parseHold, signHold, type Hold } from '../head/hold.ts';
import { signHead } from '../head/sign.ts';
import { formatTrigger, type TriggerWord } from '../wire/trigger.ts';
import { receive } from './receive.ts';
import type { AuditEntry, Peer, Receiver, Stage } from './receiver.ts';
import { takeHold } from './take-hold.ts';
import { takeHead } from './take.ts';

const key = newSigningKey();
const stranger = newSigningKey();
const hub: Peer = { mirror: 'hub.example.org', key: 'SHA256:hub', from: '192.0.2.1' };
const signed = (different: Partial<Head> = {}, by = key) => signHead(exampleHead(different), by);
const push = (different: Partial<Head> = {}, by = key) =>
  formatTrigger({ archive: 'debian', head: signed(different, by) });

/** A receiver that keeps its heads in files, as an agent does. */
function receiverIn(folder: string, different: Partial<Receiver> = {}) {
  const entries: AuditEntry[] = [];
  const hints: [archive: string, words: string[]][] = [];
  const stages: Stage[] = [];
  let staged = false;
  const holdOf = (archive: string) => join(folder, `${archive}.hold`);
  const fileOf = (archive: string) => join(folder, `${archive}.head`);
  const receiver: Receiver = {
    network: 'example',
    signers: () => signersOf(key),
    mayNotify: (peer, archive) => {
      const allowed = peer.key === hub.key && archive !== 'private';
      return { allowed, reason: allowed ? 'it is an upstream.' : 'no rule allows it.' };
    },
    carries: (archive) => ['debian', 'private', 'fedora'].includes(archive),
    mainArchive: () => 'debian',
    stored: (archive) => readFile(fileOf(archive)).then(parseHead, () => undefined),
    async store({ head, bytes }, _peer, stage) {
      stages.push(stage);
      const file = fileOf(head.archive);
      const kept = await readFile(file).then(parseHead, () => undefined);
      const older = kept?.head.serial === head.serial && kept.head.issued >= head.issued;
      if (!older) await replaceFile(file, bytes);
      return stage === 'stage2' && !staged ? 'not-staged' : 'kept';
    },
    storedHold: (archive) => readFile(holdOf(archive)).then(parseHold, () => undefined),
    storeHold: ({ hold, bytes }) => replaceFile(holdOf(hold.archive), bytes),
    hint: async (archive, words) => {
      hints.push([archive, [...words]]);
      return 'accepted';
    },
    audit: async (entry) => void entries.push(entry),
    now: () => NOW,
    ...different,
  };
  return {
    receiver,
    entries,
    hints,
    stages,
    isStaged: () => void (staged = true),
    onDisk: () => parseHead(readFileSync(fileOf('debian'))).head,
    heldOnDisk: () => parseHold(readFileSync(holdOf('debian'))).hold,
  };
}

/** The same, with a folder of the test's own. */
function receiverFor(t: TestContext, different: Partial<Receiver> = {}) {
  return receiverIn(temporaryFolder(t), different);
}

void describe('a push', () => {
  void test('is on the disk when it is accepted, and in the audit', async (t) => {
    const { receiver, entries, onDisk } = receiverFor(t);
    const reply = await receive(push(), hub, receiver);
    const names = { result: 'accepted' as const, archive: 'debian', serial: 2026112101 };
    const reason = 'Serial 2026112101 of debian is new here.';
    assert.deepEqual(reply, { ...names, reason });
    assert.deepEqual(onDisk(), exampleHead());
    assert.deepEqual(entries, [{ at: NOW, peer: hub, ...names, reason }]);
  });

  void test('told again is a duplicate; a newer issue is kept', async (t) => {
    const { receiver, onDisk } = receiverFor(t);
    const issued = new Date('2026-11-21T09:30:00Z');
    assert.equal((await receive(push(), hub, receiver)).result, 'accepted');
    assert.equal((await receive(push(), hub, receiver)).result, 'duplicate');
    assert.equal((await receive(push({ issued }), hub, receiver)).result, 'duplicate');
    assert.deepEqual(onDisk().issued, issued);
    assert.equal((await receive(push(), hub, receiver)).result, 'duplicate');
    assert.deepEqual(onDisk().issued, issued);
  });

  void test('without an archive’s name is about the archive of its head', async (t) => {
    const { receiver } = receiverFor(t);
    const command = formatTrigger({ head: signed({ archive: 'fedora' }) });
    const reply = await receive(command, hub, receiver);
    assert.deepEqual([reply.result, reply.archive], ['accepted', 'fedora']);
  });

  const faults: [refusal: string, command: string, peer: Peer, serial?: number][] = [
    ['peer', push(), { mirror: 'leaf', key: 'SHA256:leaf' }],
    ['peer', formatTrigger({ head: signed({ archive: 'private' }) }), hub],
    ['signer', push({}, stranger), hub],
    ['network', push({ network: 'other' }), hub],
    ['archive', formatTrigger({ archive: 'fedora', head: signed() }), hub],
    ['archive', formatTrigger({ head: signed({ archive: 'unknown' }) }), hub],
    ['expired', push({ issued: new Date(0), expires: new Date(1000) }), hub],
    ['future', push({ issued: new Date('2026-11-21T10:16:00Z') }), hub],
    ['rollback', push({ serial: 2026112000 }), hub],
    ['equivocation', push({ manifest: { sha256: '6'.repeat(64), bytes: 1 } }), hub],
  ];
  for (const [refusal, command, peer] of faults) {
    void test(`that is wrong as ${refusal} is refused and audited`, async (t) => {
      const { receiver, entries, onDisk } = receiverFor(t);
      await receive(push(), hub, receiver);
      const reply = await receive(command, peer, receiver);
      assert.equal(reply.result, 'refused');
      const entry = entries.at(-1);
      assert.equal(entry?.refusal, refusal);
      assert.equal(entry?.alarm, refusal === 'equivocation' ? true : undefined);
      assert.deepEqual(
        [entry?.peer, entry?.archive, entry?.serial, entry?.reason],
        [peer, reply.archive, reply.serial, reply.reason],
      );
      assert.deepEqual(onDisk(), exampleHead());
    });
  }

  void test('with a token that is no head is malformed', async (t) => {
    const { receiver, entries } = receiverFor(t);
    const reply = await receive('sync:archive:debian sync:token:AAAA', hub, receiver);
    assert.equal(reply.result, 'malformed');
    assert.equal(entries[0]?.refusal, 'malformed');
  });

  void test('of many at once leaves the highest, in whatever order they came', async (t) => {
    const { receiver, onDisk } = receiverFor(t);
    const serials = [5, 1, 9, 3, 9, 7, 2, 8, 4, 6];
    const replies = await Promise.all(
      serials.map((serial) => receive(push({ serial }), hub, receiver)),
    );
    assert.equal(onDisk().serial, 9);
    const accepted = replies.filter(({ result }) => result === 'accepted');
    assert.deepEqual(
      accepted.map(({ serial }) => serial),
      [5, 9],
    );
  });
});

const kept = () => 'kept' as const;

void describe('a disk that fails', () => {
  void test('when full, makes the push come again later, and nothing is acknowledged', async (t) => {
    const folder = temporaryFolder(t);
    const store = () => appendToFile('/dev/full', 'head').then(kept);
    const { receiver, entries } = receiverIn(folder, { store });
    const reply = await receive(push(), hub, receiver);
    assert.equal(reply.result, 'busy');
    assert.match(reply.reason ?? '', /its disk is full\. Try again later\.$/);
    assert.match(entries[0]?.reason ?? '', /\/dev\/full could not be written/);
    assert.deepEqual(readdirSync(folder), []);
  });

  void test('in any other way, is not described to the peer', async (t) => {
    const store = () => replaceFile('/nowhere/at/all', 'head').then(kept);
    const { receiver, entries } = receiverFor(t, { store });
    const reply = await receive(push(), hub, receiver);
    assert.equal(reply.result, 'busy');
    assert(!reply.reason?.includes('/nowhere'));
    assert.match(entries[0]?.reason ?? '', /\/nowhere\/at\/all could not be written/);
  });

  void test('under the audit does not take back an answer', async (t) => {
    const audit = () => appendToFile('/dev/full', 'entry');
    const { receiver, onDisk } = receiverFor(t, { audit });
    assert.equal((await receive(push(), hub, receiver)).result, 'accepted');
    assert.deepEqual(onDisk(), exampleHead());
    assert.equal((await receive(push({ serial: 1 }), hub, receiver)).result, 'refused');
  });

  void test('or anything else of ours that throws, is never thrown at the caller', async (t) => {
    const thrower = () => {
      throw new Error('broken');
    };
    for (const part of ['signers', 'mayNotify', 'carries', 'stored', 'store', 'now'] as const) {
      const { receiver } = receiverFor(t, { [part]: thrower });
      assert.equal((await receive(push(), hub, receiver)).result, 'busy', part);
    }
    for (const part of ['mayNotify', 'carries', 'mainArchive', 'hint'] as const) {
      const { receiver } = receiverFor(t, { [part]: thrower });
      assert.equal((await receive('sync:all', hub, receiver)).result, 'busy', part);
    }
  });
});

void describe('a trigger without a token', () => {
  void test('is a hint for the archive it names', async (t) => {
    const { receiver, hints, entries } = receiverFor(t);
    const reply = await receive(' sync:archive:fedora sync:callback sync:stage1', hub, receiver);
    assert.deepEqual([reply.result, reply.archive], ['accepted', 'fedora']);
    assert.deepEqual(hints, [['fedora', ['callback', 'stage1']]]);
    assert.equal(entries[0]?.result, 'accepted');
  });

  void test('is a hint for the main archive when it names none', async (t) => {
    const { receiver, hints } = receiverFor(t);
    await receive(' sync:archive: sync:all', hub, receiver);
    assert.deepEqual(hints, [['debian', ['all']]]);
    const { receiver: without, entries } = receiverFor(t, { mainArchive: () => undefined });
    assert.equal((await receive('sync:all', hub, without)).result, 'refused');
    assert.equal(entries[0]?.refusal, 'archive');
  });

  void test('needs leave like any other, for an archive that is carried', async (t) => {
    const { receiver, hints, entries } = receiverFor(t);
    const replies = [
      await receive('sync:archive:debian', { key: 'SHA256:leaf' }, receiver),
      await receive('sync:archive:private', hub, receiver),
      await receive('sync:archive:unknown', hub, receiver),
    ];
    assert(replies.every(({ result }) => result === 'refused'));
    assert.deepEqual(
      entries.map(({ refusal }) => refusal),
      ['peer', 'peer', 'archive'],
    );
    assert.deepEqual(hints, []);
  });

  void test('gets the answer of whoever looks for news', async (t) => {
    for (const result of ['accepted', 'duplicate', 'busy'] as const) {
      const { receiver, entries } = receiverFor(t, { hint: async () => result });
      assert.equal((await receive('sync:all', hub, receiver)).result, result);
      assert.equal(entries[0]?.result, result);
    }
  });
});

void describe('a polled head', () => {
  void test('is taken without anybody’s leave, but by every other rule', async (t) => {
    const { receiver, entries } = receiverFor(t);
    const upstream = { mirror: 'upstream.example.org' };
    const polled = (different: Partial<Head>, by = key) => ({
      bytes: signed(different, by).bytes,
      via: 'poll' as const,
      peer: upstream,
      archive: 'debian',
    });
    assert.equal((await takeHead(polled({}), receiver)).result, 'accepted');
    assert.equal((await takeHead(polled({}), receiver)).result, 'duplicate');
    assert.equal((await takeHead(polled({ archive: 'fedora' }), receiver)).result, 'refused');
    assert.equal((await takeHead(polled({}, stranger), receiver)).result, 'refused');
    assert.deepEqual(
      entries.map(({ refusal }) => refusal),
      [undefined, undefined, 'archive', 'signer'],
    );
  });

  void test('that is behind is what an upstream shows that has not moved yet', async (t) => {
    const { receiver, entries, onDisk } = receiverFor(t);
    await receive(push(), hub, receiver);
    const { bytes } = signed({ serial: 2026112000 });
    const polled = { bytes, via: 'poll' as const, peer: { mirror: 'upstream.example.org' } };
    const { result, behind } = await takeHead(polled, receiver);
    assert.deepEqual([result, behind], ['refused', true]);
    assert.equal(entries.length, 1);
    const pushed = await takeHead({ ...polled, via: 'push', peer: hub }, receiver);
    assert.deepEqual([pushed.result, pushed.behind], ['refused', undefined]);
    assert.equal(entries.at(-1)?.refusal, 'rollback');
    assert.deepEqual(onDisk(), exampleHead());
  });
});

void describe('how far a head may be taken', () => {
  void test('is in the words of the push, with the first head and with one that is known', async (t) => {
    const { receiver, stages } = receiverFor(t);
    const head = signed();
    const orders: TriggerWord[][] = [['stage1'], ['all'], ['mhop'], ['stage1', 'stage2'], []];
    for (const words of orders) {
      await receive(formatTrigger({ archive: 'debian', words, head }), hub, receiver);
    }
    assert.deepEqual(stages, ['stage1', 'all', 'all', 'all', 'all']);
  });

  void test('a polled head may be committed', async (t) => {
    const { receiver, stages } = receiverFor(t);
    await takeHead({ bytes: signed().bytes, via: 'poll', peer: {} }, receiver);
    assert.deepEqual(stages, ['all']);
  });

  void test('told to commit what is not staged, a mirror asks to be told again', async (t) => {
    const { receiver, entries, isStaged } = receiverFor(t);
    const command = formatTrigger({ archive: 'debian', words: ['stage2'], head: signed() });
    const reply = await receive(command, hub, receiver);
    assert.deepEqual(
      [reply.result, reply.reason],
      ['busy', 'Serial 2026112101 of debian is not staged here yet.'],
    );
    assert.equal(entries[0]?.result, 'busy');
    isStaged();
    assert.equal((await receive(command, hub, receiver)).result, 'duplicate');
  });

  void test('is asked of the mirror only for a head that is believed', async (t) => {
    const { receiver, stages } = receiverFor(t);
    const head = signed({}, stranger);
    await receive(formatTrigger({ words: ['stage2'], head }), hub, receiver);
    assert.deepEqual(stages, []);
  });
});

void describe('a hold', () => {
  const held = (different: Partial<Hold> = {}, by = key) =>
    formatTrigger({ archive: 'debian', hold: signHold(exampleHold(different), by) });

  void test('is on the disk when it is accepted, in the audit, and no hint', async (t) => {
    const { receiver, entries, hints, heldOnDisk } = receiverFor(t);
    const reply = await receive(held(), hub, receiver);
    const names = { result: 'accepted' as const, archive: 'debian', serial: 2026112101 };
    assert.deepEqual(reply, { ...names, reason: 'Hold 3 of debian is new here.' });
    assert.deepEqual(heldOnDisk(), exampleHold());
    assert.equal(entries[0]?.result, 'accepted');
    assert.deepEqual(hints, []);
    assert.equal((await receive(held(), hub, receiver)).result, 'duplicate');
  });

  void test('is refused from those who may not announce, and when it is old', async (t) => {
    const { receiver, entries, heldOnDisk } = receiverFor(t);
    await receive(held(), hub, receiver);
    const refused = [
      await receive(held({ sequence: 4 }), { mirror: 'leaf', key: 'SHA256:leaf' }, receiver),
      await receive(held({ sequence: 2 }), hub, receiver),
      await receive(held({ state: 'released' }), hub, receiver),
      await receive(held({ sequence: 4 }, stranger), hub, receiver),
    ];
    assert(refused.every(({ result }) => result === 'refused'));
    assert.deepEqual(
      entries.slice(1).map(({ refusal }) => refusal),
      ['peer', 'rollback', 'equivocation', 'signer'],
    );
    assert.deepEqual(heldOnDisk(), exampleHold());
  });

  void test('that was polled needs no leave, and may be behind', async (t) => {
    const { receiver, entries } = receiverFor(t);
    const poll = (sequence: number) => ({
      bytes: signHold(exampleHold({ sequence }), key).bytes,
      via: 'poll' as const,
      peer: { mirror: 'upstream.example.org' },
      archive: 'debian',
    });
    assert.equal((await takeHold(poll(5), receiver)).result, 'accepted');
    assert.equal((await takeHold(poll(4), receiver)).result, 'duplicate');
    assert.equal(entries.length, 1);
  });

  void test('that cannot be kept is not acknowledged', async (t) => {
    const storeHold = () => appendToFile('/dev/full', 'hold');
    const { receiver } = receiverFor(t, { storeHold });
    assert.equal((await receive(held(), hub, receiver)).result, 'busy');
  });
});

void describe('whatever is sent', () => {
  void test('there is one answer and one audit entry, and nothing is stored unsigned', async (t) => {
    const folder = temporaryFolder(t);
    const { receiver, entries } = receiverIn(folder);
    const valid = push();
    const mutated = fc
      .tuple(fc.nat(valid.length - 1), fc.stringMatching(/^[A-Za-z0-9_: -]$/))
      .map(([at, other]) => valid.slice(0, at) + other + valid.slice(at + 1))
      .filter((command) => command !== valid);
    const unsigned = fc
      .uint8Array({ minLength: 1, maxLength: 2000 })
      .map((bytes) => `sync:token:${Buffer.from(bytes).toString('base64url')}`);
    const command = fc.oneof(fc.string({ unit: 'binary' }), unsigned, mutated);
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(command, async (text) => {
        const { result } = await receive(text, hub, receiver);
        asked += 1;
        assert.equal(entries.length, asked);
        if (readdirSync(folder).length > 0) assert.deepEqual(storedBody(folder), signed().body);
        assert(result !== 'busy');
      }),
      { numRuns: 300 },
    );
  });

  void test('nothing of it is repeated in the answer', async (t) => {
    const { receiver } = receiverFor(t);
    for (const command of ['marker', 'sync:archive:MARKER', 'sync:token:marker', 'sync:marker']) {
      const reply = await receive(command, hub, receiver);
      assert.equal(reply.result, 'malformed');
      assert(!/marker/i.test(JSON.stringify(reply)));
    }
  });
});

function storedBody(folder: string): Buffer {
  return parseHead(readFileSync(join(folder, 'debian.head'))).body;
}
