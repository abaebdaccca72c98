import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnRsyncHost } from './rsync-host.ts';

test("others are sent to a mirror's own hosts only, on its operator's word", () => {
  const of = {
    name: 'm.example.org',
    sshHost: '2001:db8::7',
    httpUrl: 'https://www.example.org/d/',
  };
  const own = [
    'rsync://m.example.org',
    'rsync://[2001:db8::7]:8873',
    'rsync://WWW.example.org:873',
  ];
  for (const url of own) assert.equal(isOwnRsyncHost(url, of), true, url);
  for (const url of ['rsync://other.example.org', 'rsync://127.0.0.1', 'rsync://[', 'rsync://:1']) {
    assert.equal(isOwnRsyncHost(url, of), false, url);
  }
  assert.equal(isOwnRsyncHost('rsync://x', { ...of, httpUrl: null }), false);
});
