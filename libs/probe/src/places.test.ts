import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesOf } from './places.ts';

const urls = (http: string | null, rsync: string | null = null, ...archives: string[]) =>
  placesOf({ http_url: http, rsync_url: rsync }, 'debian', archives).map((place) => [
    place.url,
    place.port,
    place.registered,
  ]);

test('HTTP and HTTPS are both looked at where the port is the usual one', () => {
  assert.deepEqual(urls('https://a.example/debian'), [
    ['https://a.example/debian/', 443, true],
    ['http://a.example/debian/', 80, false],
  ]);
  assert.deepEqual(urls('http://a.example/', null, 'debian', 'other'), [
    ['http://a.example/debian/', 80, true],
    ['https://a.example/debian/', 443, false],
  ]);
  assert.deepEqual(urls('http://a.example:8080/'), [['http://a.example:8080/', 8080, true]]);
});

test("the rsync server's module is named like the archive", () => {
  assert.deepEqual(urls(null, 'rsync://a.example'), [['rsync://a.example/debian/', 873, true]]);
  assert.deepEqual(urls(null, 'rsync://[2001:db8::1]:8873/'), [
    ['rsync://[2001:db8::1]:8873/debian/', 8873, true],
  ]);
  assert.deepEqual(urls(null), []);
});
