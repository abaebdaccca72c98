import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isArchiveName, isHost, isMirrorName, isUser } from './names.ts';

const cases: [string, (text: string) => boolean, string[], string[]][] = [
  [
    'isArchiveName',
    isArchiveName,
    ['debian', 'debian-security', 'rpm_9.2+x', '0', 'a'.repeat(64)],
    ['', '-debian', '.debian', 'Debian', 'a/b', 'a..b', 'a b', 'a\n', 'a'.repeat(65), 'ä'],
  ],
  [
    'isMirrorName',
    isMirrorName,
    ['leaf1', 'ftp.de.debian.org', 'a-b', '1.example', 'a'.repeat(63)],
    ['', '-a', 'a-', 'A', 'a_b', 'a..b', '.a', 'a.', 'a/b', 'a\n', '_traces', 'a'.repeat(64)],
  ],
  [
    'isHost',
    isHost,
    [
      'ftp.debian.org',
      'localhost',
      '192.0.2.1',
      '2001:db8::1',
      '::ffff:1.2.3.4',
      'FTP.de',
      '1.org',
    ],
    [
      '',
      '-oProxyCommand=x',
      'a -b',
      'a@b',
      'a:22',
      '[::1]',
      'fe80::1%eth0',
      '10.1',
      '0x7f.1',
      '1.2.3.4.5',
      '256.1.1.1',
      'a..b',
      'a_b',
      'a.example.',
      'a\n',
      `${'a.'.repeat(130)}org`,
    ],
  ],
  [
    'isUser',
    isUser,
    ['mirror', '_apt', 'a-b', 'root', 'a1'],
    ['', '-l', 'Root', '1a', 'a b', 'a$', 'a.b', 'a\n', 'a'.repeat(33)],
  ],
];

for (const [name, check, good, bad] of cases) {
  test(name, () => {
    for (const text of good) assert.equal(check(text), true, JSON.stringify(text));
    for (const text of bad) assert.equal(check(text), false, JSON.stringify(text));
  });
}
