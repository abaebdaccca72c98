import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SyncFailure } from './failure.ts';
import { parseUpstream } from './upstream-url.ts';

void test('an upstream is read with and without user, port and path', () => {
  assert.deepEqual(parseUpstream('rsync://syncproxy2@hub.example.org:1873/debian/sub/'), {
    url: 'rsync://syncproxy2@hub.example.org:1873/debian/sub',
    source: 'rsync://syncproxy2@hub.example.org:1873/debian/sub/',
    user: 'syncproxy2',
    host: 'hub.example.org',
    port: 1873,
    module: 'debian',
    path: 'sub',
  });
  assert.deepEqual(parseUpstream('rsync://127.0.0.1/debian'), {
    url: 'rsync://127.0.0.1/debian',
    source: 'rsync://127.0.0.1/debian/',
    host: '127.0.0.1',
    port: 873,
    module: 'debian',
    path: '',
  });
  const v6 = parseUpstream('rsync://[2001:db8::1]:873/debian');
  assert.equal(v6.host, '2001:db8::1');
  assert.equal(v6.source, 'rsync://[2001:db8::1]/debian/');
});

void test('what rsync could take for something else is refused', () => {
  const hostile = [
    '-e/bin/sh',
    'rsync://-oProxyCommand=x/debian',
    'rsync://-x@host/debian',
    'rsync://host/-debian',
    'rsync://host/debian/../etc',
    'rsync://host/debian/./x',
    'rsync://host/debian//x',
    'rsync://host//debian',
    'rsync://host/',
    'rsync://host',
    'rsync://user:password@host/debian',
    'rsync://host:0/debian',
    'rsync://host:65536/debian',
    'rsync://ho st/debian',
    "rsync://host/deb'ian",
    'rsync://host/debian\n--delete',
    'rsync://host/*',
    'rsync://[::1%eth0]/debian',
    'host::debian',
    'user@host:debian',
    '/srv/debian',
    'https://host/debian',
    '',
  ];
  for (const text of hostile) {
    assert.throws(() => parseUpstream(text), { code: 'settings', retry: false }, text);
  }
});

void test('no text becomes anything but an rsync URL or a failure', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `rsync://${text}`),
      ),
      (text) => {
        try {
          const { source } = parseUpstream(text);
          assert.match(source, /^rsync:\/\/[A-Za-z0-9_.@:[\]/+~-]+\/$/);
          assert.equal(parseUpstream(source).source, source);
        } catch (error) {
          assert.ok(error instanceof SyncFailure);
        }
      },
    ),
  );
});
