import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isOwnPath } from './own-paths.ts';
import { classicExcludes, indexOrder, PROFILES, type ProfileName } from './profiles.ts';

/** Asserts that the paths are content, or switch in the order in which they stand here. */
function switchInOrder(profile: ProfileName, content: string[], ...groups: string[][]): void {
  for (const path of content) assert.equal(indexOrder(profile, path), undefined, path);
  const orders = groups.map((group) => {
    const first = indexOrder(profile, group[0] ?? '');
    assert.notEqual(first, undefined, group[0]);
    for (const path of group) assert.equal(indexOrder(profile, path), first, path);
    return first ?? -1;
  });
  assert.deepEqual(
    orders,
    orders.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(orders).size, orders.length);
}

void test('debian: what Release lists comes before it, InRelease after it', () => {
  switchInOrder(
    'debian',
    [
      'pool/main/r/r-cran/Packages.deb',
      'pool/main/f/foo/foo_1_amd64.deb',
      'pool/main/r/release/Release',
      'dists/sid/main/binary-amd64/by-hash/SHA256/0123abcd',
      'dists/sid/main/i18n/by-hash/SHA256/0123abcd',
      'dists/sid/main/binary-amd64/Packages.diff/T-2026-01-01-0000.00-F-2025.gz',
      'dists/sid/main/installer-amd64/20250803/images/netboot/mini.iso',
      'README',
    ],
    [
      'dists/sid/main/binary-amd64/Packages.xz',
      'dists/sid/main/binary-amd64/Release',
      'dists/sid/main/source/Release',
      'dists/sid/main/source/Sources.xz',
      'dists/sid/main/Contents-amd64.gz',
      'dists/sid/main/i18n/Translation-en.bz2',
      'dists/sid/main/dep11/Components-amd64.yml.gz',
      'dists/sid/main/binary-amd64/Packages.diff/Index',
      'dists/sid/main/installer-amd64/current',
      'indices/Maintainers.gz',
      'ls-lR.gz',
      'Packages',
    ],
    ['dists/sid/Release', 'dists/stable/updates/Release', 'Release'],
    ['dists/sid/Release.gpg'],
    ['dists/sid/InRelease', 'InRelease'],
    ['dists/stable'],
  );
});

void test('rpm: repomd.xml comes last', () => {
  const digest = 'ab'.repeat(32);
  switchInOrder(
    'rpm',
    ['Packages/f/foo-1.x86_64.rpm', `repodata/${digest}-primary.xml.gz`],
    ['repodata/primary.xml.gz', 'os/x86_64/repodata/comps.xml', '.treeinfo'],
    ['repodata/repomd.xml.asc', 'repodata/repomd.xml.key'],
    ['os/x86_64/repodata/repomd.xml'],
  );
});

void test('arch, alpine, generic: the index comes after what it lists', () => {
  switchInOrder(
    'arch',
    ['core/os/x86_64/foo.db-1-1-any.pkg.tar.zst', 'pool/packages/files-1.pkg.tar.zst.sig'],
    ['core/os/x86_64/core.files.tar.gz', 'core/os/x86_64/core.files'],
    ['core/os/x86_64/core.db.sig'],
    ['core/os/x86_64/core.db.tar.gz'],
    ['core/os/x86_64/core.db'],
    ['lastupdate'],
  );
  switchInOrder('alpine', ['v3/main/x86_64/a-1.apk'], ['v3/main/x86_64/APKINDEX.tar.gz']);
  switchInOrder('generic', ['iso/a.iso'], ['iso/SHA256SUMS'], ['iso/SHA256SUMS.gpg'], ['ls-lR.gz']);
});

void test('stage 1 of debian is what the installed ftpsync does', { skip: !hasFtpsync() }, () => {
  const line = /^RSYNC_OPTIONS1=.*$/m.exec(readFileSync('/usr/bin/ftpsync', 'utf8'))?.[0] ?? '';
  const script = `set -f; ${line}; printf '%s\\n' $RSYNC_OPTIONS1`;
  const theirs = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
  assert.deepEqual(classicExcludes('debian'), theirs.trim().split('\n'));
});

void test('every profile leaves its last index out of stage 1', () => {
  const last = { debian: 'InRelease', rpm: 'repomd.xml', arch: '*.db', alpine: 'APKINDEX.tar.gz' };
  for (const [profile, name] of Object.entries(last)) {
    assert.ok(classicExcludes(profile as ProfileName).includes(`--exclude=${name}`));
  }
  for (const profile of PROFILES) {
    assert.ok(classicExcludes(profile).every((word) => /^--(in|ex)clude=/.test(word)));
  }
});

void test('what every mirror writes about itself is not of the release', () => {
  for (const own of [
    'project/pushmirror',
    'project/pushmirror/Release.head',
    'project/trace/master',
    'Archive-Update-in-Progress-mirror.example.org',
    'Archive-Update-Required-mirror.example.org',
    'pool/.~tmp~/a',
  ]) {
    assert.ok(isOwnPath(own), own);
  }
  for (const theirs of [
    'project',
    'project/tracer',
    'pool/Archive-Update-in-Progress-x',
    'a~tmp~',
  ]) {
    assert.ok(!isOwnPath(theirs), theirs);
  }
});

function hasFtpsync(): boolean {
  return existsSync('/usr/bin/ftpsync');
}
