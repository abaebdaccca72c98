import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AccessResponse } from '@pushmirror/trigger/access';
import { mayNotify } from '../access.ts';
import { makeKey, makeNetwork, tempFolder, writeConfig } from '../fixtures.test.ts';
import { loadSettings } from '../settings.ts';
import { createSources } from './sources.ts';

const folder = tempFolder();
const { allowedSigners } = makeNetwork(folder);
const [oldKey, newKey] = [makeKey(join(folder, 'old')), makeKey(join(folder, 'new'))];
writeFileSync(join(folder, 'token'), 'pmt_x\n', { mode: 0o600 });

function sourcesOf(follow: boolean, problems: string[] = []) {
  const master = {
    url: 'http://127.0.0.1:1',
    token_file: join(folder, 'token'),
    follow_tree: follow,
  };
  const peer = [
    { name: 'old.example.org', key: oldKey },
    { name: 'new.example.org', key: oldKey, from: ['192.0.2.0/24'] },
  ];
  const settings = loadSettings(writeConfig(folder, allowedSigners, { master, peer }));
  const sources = createSources(settings, (reason) => problems.push(reason));
  const [archive] = settings.config.archive;
  if (archive === undefined) throw new Error('There is no archive.');
  return { sources, own: archive, followed: sources.following(archive) };
}

const told = (...sources: AccessResponse['sources']): AccessResponse => ({
  digest: '1',
  modules: [],
  secrets: [],
  sshPullers: [],
  upstreams: [],
  signers: [],
  downstreams: '',
  sources,
});
const above = told(
  { name: 'new.example.org', rsyncUrl: 'rsync://new.example.org:8730/', pushKey: newKey },
  { name: 'master', rsyncUrl: 'rsync://ftp.example.org', pushKey: null },
);
const file = 'rsync://127.0.0.1:1/debian';

test('upstream, fallbacks and peers are those of the tree as it was last told', () => {
  const { sources, followed } = sourcesOf(true);
  assert.deepEqual([followed.upstream, followed.fallbacks], [file, []], 'before it was told');
  sources.take(above);
  assert.equal(followed.upstream, 'rsync://new.example.org:8730/debian');
  assert.deepEqual(followed.fallbacks, ['rsync://ftp.example.org/debian']);
  assert.deepEqual(
    sources.peers().map(({ name, key }) => [name, key.line]),
    [['new.example.org', newKey]],
    'who is no longer above it has no key here',
  );
  const may = (mirror: string, from = '192.0.2.1') =>
    mayNotify(sources.rules(), { mirror, from }, 'debian', new Date()).allowed;
  assert.deepEqual(
    [may('new.example.org'), may('new.example.org', '198.51.100.1'), may('old.example.org')],
    [true, false, false],
    "the file's restriction of a peer holds",
  );
  assert.equal({ ...followed }.upstream, 'rsync://new.example.org:8730/debian');
});

test('a file that does not ask for it stays as it is', () => {
  const { sources, followed } = sourcesOf(false);
  sources.take(above);
  assert.equal(followed.upstream, file);
  assert.deepEqual(
    sources.peers().map(({ name }) => name),
    ['old.example.org', 'new.example.org'],
  );
});

test('what cannot be used is left out and said; when nothing is left, what was known goes on', () => {
  const problems: string[] = [];
  const { sources, followed } = sourcesOf(true, problems);
  const bad = [
    { name: 'a.example.org', rsyncUrl: 'rsync://-oProxyCommand=x', pushKey: newKey },
    { name: '../x', rsyncUrl: 'rsync://x.example.org', pushKey: newKey },
    { name: 'b.example.org', rsyncUrl: 'rsync://b.example.org', pushKey: 'ssh-dss AAAA' },
  ];
  sources.take(told(...bad));
  assert.equal(problems.length, 3);
  assert.equal(followed.upstream, file);
  sources.take(told(...bad, ...above.sources));
  assert.equal(followed.upstream, 'rsync://new.example.org:8730/debian');
  sources.take(told());
  assert.equal(
    followed.upstream,
    'rsync://new.example.org:8730/debian',
    'an old master tells none',
  );
});

test('both keys of a sender count while it rotates them, and who pulls over SSH goes on to', () => {
  const { sources, own } = sourcesOf(true);
  const ssh = { url: 'ssh://mirror@new.example.org:2222', hostKey: newKey };
  const source = { name: 'new.example.org', rsyncUrl: 'rsync://new.example.org', pushKey: oldKey };
  sources.take(told({ ...source, pushKeys: [newKey], ssh }));
  assert.deepEqual(
    sources.peers().map(({ key }) => key.line),
    [oldKey, newKey],
  );
  assert.equal(sources.rules().length, 1);
  const over = sources.following({ ...own, upstream: 'ssh://m@old.example.org/debian' });
  assert.equal(over.upstream, `${ssh.url}/debian`);
});
