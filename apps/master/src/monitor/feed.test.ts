import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeed, isWanted, type FeedEvent } from './feed.ts';

const event = (serial: number): FeedEvent => ({
  type: 'push',
  archive: 'debian',
  serial,
  data: { serial },
});

test('a reader goes on where it was, as long as the ring still has that', () => {
  const feed = createFeed(3);
  const start = feed.lastId();
  for (const serial of [1, 2, 3]) feed.add(event(serial));
  assert.equal(feed.after(start), 1);
  const second = feed.at(2);
  assert.ok(second !== undefined && second !== 'gone');
  assert.equal(second.serial, 2);
  feed.add(event(4));
  assert.equal(feed.after(start), undefined, 'the first event is gone');
  assert.equal(feed.at(1), 'gone');
  assert.equal(feed.after(second.id), 3);
  assert.equal(feed.after(feed.lastId()), feed.end(), 'nothing was missed');
});

test('an id of another process, or no id at all, is no place', () => {
  const [feed, other] = [createFeed(), createFeed()];
  for (const one of [feed, other]) one.add(event(1));
  for (const id of [other.lastId(), '', '1', `${feed.lastId()}0`, 'x'.repeat(5000)]) {
    assert.equal(feed.after(id), undefined, id.slice(0, 40));
  }
});

test('a filter names an archive, a release, both or nothing', () => {
  const feed = createFeed();
  feed.add(event(7));
  const entry = feed.at(1);
  assert.ok(entry !== undefined && entry !== 'gone');
  assert.ok(isWanted(entry, {}) && isWanted(entry, { archive: 'debian', serial: 7 }));
  assert.ok(!isWanted(entry, { archive: 'other' }) && !isWanted(entry, { serial: 8 }));
});
