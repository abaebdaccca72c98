import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookArguments, passArguments } from './arguments.ts';
import { settings } from './fixtures.test.ts';
import { parseUpstream } from './upstream-url.ts';

const MIRROR = 'leaf.example.org';
const upstream = parseUpstream('rsync://hub.example.org/debian');

const OWN = [
  'Archive-Update-in-Progress-leaf.example.org',
  'Archive-Update-Required-leaf.example.org',
  'project/trace/leaf.example.org',
  'project/trace/leaf.example.org-stage1',
  'project/trace/_hierarchy',
  'project/trace/_traces',
  'project/pushmirror/',
].flatMap((path) => [`--filter=exclude_/${path}`, `--filter=protect_/${path}`]);

const SHARED = [
  ...OWN,
  '--filter=include_/project/',
  '--filter=protect_/project/',
  '--filter=include_/project/trace/',
  '--filter=protect_/project/trace/',
  '--filter=include_/project/trace/*',
  '--bwlimit=0',
  '-prltvHSB8192',
  '--safe-links',
  '--chmod=D755,F644',
  '--timeout=120',
  '--stats',
  '--no-human-readable',
  '--no-inc-recursive',
  '--contimeout=60',
  '--no-motd',
  '--info=progress2,name0,flist0',
];
const FROM_TO = [
  '--sockopts=TCP_NODELAY',
  '--',
  'rsync://hub.example.org/debian/',
  '/srv/mirrors/debian/',
];

void test('stage 1 leaves the indexes out and deletes nothing', () => {
  assert.deepEqual(passArguments(1, settings(), MIRROR, upstream), [
    ...SHARED,
    '--exclude=.~tmp~/',
    '--include=*.diff/',
    '--exclude=*.diff/Index',
    '--exclude=Packages*',
    '--exclude=Sources*',
    '--exclude=Release*',
    '--exclude=InRelease',
    '--include=i18n/by-hash',
    '--exclude=i18n/*',
    '--exclude=ls-lR*',
    ...FROM_TO,
  ]);
});

void test('stage 2 switches at its end and deletes up to the limit', () => {
  assert.deepEqual(passArguments(2, settings({ max_delete: 7 }), MIRROR, upstream), [
    ...SHARED,
    '--exclude=.~tmp~/',
    '--max-delete=7',
    '--delay-updates',
    '--delete',
    '--delete-delay',
    '--delete-excluded',
    ...FROM_TO,
  ]);
});

void test('the operator filters come before the architectures, as in ftpsync', () => {
  const archive = settings({
    include: ['/pool/keep'],
    exclude: ['/pool', '!'],
    architectures: { include: ['amd64'], exclude: [] },
    bandwidth_limit: 500,
  });
  const args = passArguments(1, archive, MIRROR, upstream);
  const at = (arg: string) => {
    assert.ok(args.includes(arg), arg);
    return args.indexOf(arg);
  };
  assert.ok(at('--bwlimit=500') < at('--filter=include_/pool/keep'));
  assert.ok(at('--filter=include_/pool/keep') < at('--filter=exclude_/pool'));
  assert.ok(at('--filter=exclude_/pool') < at('--exclude=.~tmp~/'));
  assert.ok(at('--exclude=.~tmp~/') < at('--filter=include_/pool/**/*_amd64.deb'));
  assert.ok(at('--filter=exclude_/pool/**/*_*.deb') < at('--exclude=Packages*'));
  // Given to --exclude, this would throw away all filters before it, our own files' among them.
  assert.ok(at('--filter=exclude_!') > 0);
});

void test('the password goes only where a user is asked for', () => {
  const archive = settings({ password_file: '/etc/pushmirror/rsync-password' });
  const password = '--password-file=/etc/pushmirror/rsync-password';
  const asUser = parseUpstream('rsync://leaf@hub.example.org/debian');
  assert.ok(passArguments(1, archive, MIRROR, asUser).includes(password));
  assert.ok(lookArguments(archive, MIRROR, asUser, '/tmp/look').includes(password));
  assert.ok(!passArguments(1, archive, MIRROR, upstream).includes(password));
});

void test('over SSH it is the stock ssh, by the pinned host key and our key alone', () => {
  const over = parseUpstream('ssh://mirror@[2001:db8::1]:2222/debian/sub');
  assert.equal(over.url, 'ssh://mirror@[2001:db8::1]:2222/debian/sub');
  const ssh = { identity: '/srv/state/pull_key', knownHosts: '/srv/state/known_hosts' };
  const args = passArguments(1, settings({ ssh }), MIRROR, over);
  assert.deepEqual(args.slice(-3), [
    '--',
    'mirror@[2001:db8::1]::debian/sub/',
    '/srv/mirrors/debian/',
  ]);
  const rsh = args.find((one) => one.startsWith('--rsh=')) ?? '';
  assert.match(rsh, /^--rsh=ssh -F none -T -p 2222 -i \/srv\/state\/pull_key /);
  for (const word of ['StrictHostKeyChecking=yes', 'UserKnownHostsFile=/srv/state/known_hosts']) {
    assert.equal(rsh.split(' ').includes(`-o${word}`), true, word);
  }
  assert.equal(
    args.some((one) => /contimeout|sockopts|password/.test(one)),
    false,
    'rsync refuses these over SSH',
  );
  const odd = settings({ ssh: { ...ssh, identity: '/srv/my state/key -oProxyCommand=x' } });
  assert.throws(() => passArguments(1, odd, MIRROR, over), { code: 'settings' });
  assert.throws(() => passArguments(1, settings(), MIRROR, over), { code: 'settings' });
  for (const url of ['ssh://host/debian', 'ssh://-oX@host/debian', 'ssh://a b@host/debian']) {
    assert.throws(() => parseUpstream(url), { code: 'settings' }, url);
  }
});
