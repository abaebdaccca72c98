import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Agent } from '../harness/agent.ts';
import { withByHand, type ByHand } from '../harness/by-hand.ts';
import { compareTrees } from '../harness/compare-trees.ts';
import { serialOf } from '../harness/forge.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';

/** Two releases, of which the first is public and on these mirrors. */
async function twoReleases(hand: ByHand, mirrors: readonly Agent[]) {
  await buildPlainTree(hand.tree, { files: 30 });
  const first = await hand.publish();
  for (const mirror of mirrors) {
    await mirror.service.start();
    await hand.waitForSerial(mirror, first.head.serial);
  }
  await writeFile(join(hand.tree, 'pool/000/000000.bin'), 'other content');
  await writeFile(join(hand.tree, 'new'), 'new content');
  const second = await hand.publish();
  return { first: first.head.serial, head: second, second: second.head.serial };
}

/** The second of two releases is staged at a hub, and by its word at a leaf below it. */
async function stagedHubAndLeaf(hand: ByHand) {
  const hub = await hand.addMirror('hub', { hub: true });
  const leaf = await hand.addMirror('leaf', { upstream: hub });
  const releases = await twoReleases(hand, [hub, leaf]);
  await hand.tell(hub, { head: releases.head, stage: 'stage1' });
  await hand.waitForState(leaf, 'staged');
  return { hub, leaf, ...releases };
}

const shows = (mirror: Agent) => serialOf(mirror.tree('debian'));

void describe('an agent told to stage a release', () => {
  void test('keeps it ready over a kill -9, and commits at the word without its upstream', () =>
    withByHand(async (hand) => {
      const mirror = await hand.addMirror('mirror');
      const { first, second, head } = await twoReleases(hand, [mirror]);
      const early = await hand.tell(mirror, { head, stage: 'stage2' });
      assert.equal(early.code, 75, early.stdout);
      assert.match(early.stdout, /not staged here yet/);
      const told = await hand.tell(mirror, { head, stage: 'stage1' });
      assert.equal(told.code, 0, told.stdout);
      await hand.waitForState(mirror, 'staged');
      assert.equal(await shows(mirror), first);
      assert.equal((await mirror.command('verify')).code, 0);

      await mirror.service.kill9();
      await mirror.service.start();
      await hand.waitForState(mirror, 'staged');
      const { stdout } = await mirror.command('status');
      assert.match(stdout, new RegExp(`serial ${second} is staged, and waits for the word`));
      assert.equal(await shows(mirror), first);

      await hand.rsyncd.stop();
      const commit = await hand.tell(mirror, { head, stage: 'stage2' });
      assert.equal(commit.code, 0, commit.stdout);
      await hand.waitForSerial(mirror, second);
      await hand.waitForState(mirror, 'idle');
      assert.deepEqual(await compareTrees(hand.tree, mirror.tree('debian')), []);
    }));

  void test('commits it when a poll finds it public, having never heard the word', () =>
    withByHand(async (hand) => {
      const poll = { every: '2s', jitter: '1s' };
      const mirror = await hand.addMirror('mirror', { archiveSettings: { poll } });
      const { first, second, head } = await twoReleases(hand, [mirror]);
      await hand.tell(mirror, { head, stage: 'stage1' });
      await hand.waitForState(mirror, 'staged');
      await delay(3_000); // At least one poll finds nothing but the release before.
      assert.equal(await shows(mirror), first);
      await hand.show(head);
      await hand.waitForSerial(mirror, second);
      const audit = await mirror.audit();
      assert.deepEqual(
        audit.filter(({ result }) => result === 'refused'),
        [],
      );
    }));

  void test('tells its downstream to stage, and to commit when it is told itself', () =>
    withByHand(async (hand) => {
      const { hub, leaf, first, second, head } = await stagedHubAndLeaf(hand);
      assert.deepEqual([await shows(hub), await shows(leaf)], [first, first]);
      await hub.service.kill9();
      await hub.service.start();
      await hand.waitForState(hub, 'staged');
      assert.equal((await hand.tell(hub, { head, stage: 'stage2' })).code, 0);
      for (const mirror of [hub, leaf]) {
        await hand.waitForSerial(mirror, second);
        assert.deepEqual(await compareTrees(hand.tree, mirror.tree('debian')), [], mirror.name);
      }
    }));
});

void describe('a hold', () => {
  void test('is obeyed by a hub and its leaf, over a restart, until it is released', () =>
    withByHand(async (hand) => {
      const { hub, leaf, first, second, head } = await stagedHubAndLeaf(hand);
      const held = hand.hold(head, 1, 'held', 'The canary does not install.');
      const told = await hand.tell(hub, { hold: held });
      assert.equal(told.code, 0, told.stdout);
      await hand.waitForState(leaf, 'held');
      await hub.service.kill9();
      await hub.service.start();
      // Both are told to commit, and would.
      for (const mirror of [hub, leaf]) await hand.tell(mirror, { head, stage: 'all' });
      await delay(2_000);
      for (const mirror of [hub, leaf]) {
        assert.equal(await shows(mirror), first, mirror.name);
        assert.equal((await hand.state(mirror)).state, 'held', mirror.name);
      }
      const { stdout } = await leaf.command('status');
      assert.match(stdout, /is held since .*: The canary does not install\./);

      await hand.tell(hub, { hold: hand.hold(head, 2, 'released') });
      for (const mirror of [hub, leaf]) await hand.waitForSerial(mirror, second);
    }));

  void test('that a mirror finds by a poll stops what it was told to commit', () =>
    withByHand(async (hand) => {
      const poll = { every: '2s', jitter: '1s' };
      const mirror = await hand.addMirror('mirror', { archiveSettings: { poll } });
      const { first, second, head } = await twoReleases(hand, [mirror]);
      const path = join(hand.tree, 'project/pushmirror/Release.hold');
      await writeFile(path, hand.hold(head, 1, 'held').bytes);
      await hand.show(head);
      await hand.waitForState(mirror, 'held');
      assert.equal(await shows(mirror), first);
      await writeFile(path, hand.hold(head, 2, 'released').bytes);
      await hand.waitForSerial(mirror, second);
    }));
});

void test('what waits for a person is tried again when it is pushed again', () =>
  withByHand(async (hand) => {
    const mirror = await hand.addMirror('mirror');
    const stray = join(mirror.tree('debian'), 'stray');
    await writeFile(stray, 'somebody else’s');
    await buildPlainTree(hand.tree, { files: 10 });
    const head = await hand.publish();
    await mirror.service.start();
    await hand.waitForState(mirror, 'failed');
    await rm(stray);
    const again = await hand.tell(mirror, { head });
    assert.match(again.stdout, /"duplicate"/);
    await hand.waitForSerial(mirror, head.head.serial);
  }));

void test('a hub that is dead or behind is passed over for the fallback, until it is back', () =>
  withByHand(async (hand) => {
    const hub = await hand.addMirror('hub', { hub: true });
    const leaf = await hand.addMirror('leaf', { upstream: hub, fallbacks: [hand.url] });
    const { second, head } = await twoReleases(hand, [hub, leaf]);
    // The hub is there, and knows nothing of the release.
    await hand.show(head);
    assert.equal((await hand.tell(leaf, { head })).code, 0);
    await hand.waitForSerial(leaf, second);
    assert.match(leaf.service.log(), /passed-over/);
    await hub.service.stop();
    await writeFile(join(hand.tree, 'newer'), 'newer');
    const third = await hand.publish();
    await hand.show(third);
    await hand.tell(leaf, { head: third });
    await hand.waitForSerial(leaf, third.head.serial);

    await hub.service.start();
    await hand.waitForSerial(hub, third.head.serial);
    await writeFile(join(hand.tree, 'newest'), 'newest');
    const fourth = await hand.publish();
    await hand.show(fourth);
    await hand.tell(hub, { head: fourth });
    await hand.waitForSerial(leaf, fourth.head.serial);
    const { upstream } = await hand.state(leaf);
    assert.equal(upstream, `rsync://127.0.0.1:${hub.rsyncPort}/debian`, 'it has gone home');
  }));
