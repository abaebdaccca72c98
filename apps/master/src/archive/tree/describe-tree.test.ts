import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BY_HASH_FOLDER, MANIFEST_FOLDER, rootName, treePath } from '@pushmirror/manifest';
import { HEAD_PATH } from '@pushmirror/trigger';
import { digest, newArchive, refused } from './archive.test.ts';
import type { Described } from './describe-tree.ts';

void test('everything in a tree is in its manifest, names byte for byte', async () => {
  const archive = newArchive();
  const odd = ['with space', 'quo"te\'s', '100%41', 'new\nline', 'é', '-dash', '\\back'];
  for (const name of odd) archive.write(`pool/${name}`, name);
  const bytes = Buffer.from([0x66, 0xff, 0xfe, 0x80]);
  writeFileSync(Buffer.concat([Buffer.from(`${archive.root}/pool/`), bytes]), 'not UTF-8');
  mkdirSync(join(archive.root, 'empty'));
  linkSync(join(archive.root, 'pool/é'), join(archive.root, 'pool/again'));
  symlinkSync('../pool/é', join(archive.root, 'empty/link'));
  archive.write('dists/sid/InRelease', 'signed');
  archive.write('project/trace/master', 'not of the release');
  archive.write('Archive-Update-in-Progress-here', '');

  const described = await archive.publish();
  const entries = await archive.entries(described);
  const paths = entries.map((entry) => entry.path);
  const expected = ['dists', 'dists/sid', 'dists/sid/InRelease', 'empty', 'empty/link', 'pool'];
  const inPool = [...odd, 'again'].map((name) => treePath(`pool/${name}`));
  assert.deepEqual(
    paths.toSorted(),
    [...expected, ...inPool, `pool/${bytes.toString('latin1')}`, 'project'].toSorted(),
  );
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    const content = readFileSync(Buffer.from(`${archive.root}/${entry.path}`, 'latin1'));
    if (!entry.path.includes('\xc3')) assert.equal(entry.sha256, digest(content));
    assert.equal(entry.size, content.length);
  }
  const link = entries.find((entry) => entry.kind === 'link');
  assert.deepEqual(link?.kind === 'link' && link.target, treePath('../pool/é'));
  assert.equal(described.files, odd.length + 3);
  assert.equal(described.changed, described.files);
  assert.deepEqual(readdirSync(join(archive.root, BY_HASH_FOLDER)), [digest('signed')]);
});

void test('what has not been touched is not hashed again, what has been is', async () => {
  const archive = newArchive();
  for (let i = 0; i < 300; i++) archive.write(`pool/${i % 7}/file-${i}`, `${i}`);
  const first = await archive.publish();
  const same = await archive.publish();
  assert.equal(archive.hashed, 0);
  assert.deepEqual([same.changed, same.dropped], [0, 0]);
  assert.deepEqual(archive.decoded(same).buckets, archive.decoded(first).buckets);

  // The same size and mtime: only the ctime tells.
  const path = join(archive.root, 'pool/3/file-3');
  const { atime, mtime } = statSync(path);
  writeFileSync(path, 'x');
  utimesSync(path, atime, mtime);
  rmSync(join(archive.root, 'pool/4/file-4'));
  archive.write('pool/new/file', 'new');
  const changed = await archive.publish();
  assert.equal(archive.hashed, 2);
  assert.deepEqual([changed.changed, changed.dropped, changed.files], [2, 1, 300]);
  const entry = (await archive.entries(changed)).find((one) => one.path === 'pool/3/file-3');
  assert.equal(entry?.kind === 'file' && entry.sha256, digest('x'));

  await archive.publish({ full: true });
  assert.equal(archive.hashed, 300);
});

void test('whatever happened to a tree, it is described as if for the first time', async () => {
  const archive = newArchive();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const anyPath = () =>
    ['a', 'b', 'a-b']
      .slice(0, 1 + random(3))
      .concat(`f${random(40)}`)
      .join('/');
  const disturb = () => {
    const path = join(archive.root, anyPath());
    const choice = random(10);
    if (choice < 5) {
      mkdirSync(join(path, '..'), { recursive: true });
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
        writeFileSync(path, `${random(1_000_000)}`);
      }
    } else if (choice < 7) rmSync(path, { recursive: true, force: true });
    else if (choice < 8) rmSync(join(archive.root, 'a/b'), { recursive: true, force: true });
    else if (choice < 9) mkdirSync(path, { recursive: true });
    else if (statSync(path, { throwIfNoEntry: false }) !== undefined)
      renameSync(path, `${path}-moved`);
  };
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 60; i++) {
      try {
        disturb();
      } catch {
        // A file where a folder was wanted.
      }
    }
    const updated = await archive.publish({ deleteLimit: 1_000 });
    const anew = await archive.publish({ cacheDir: join(archive.cacheDir, `anew-${round}`) });
    assert.deepEqual(archive.decoded(updated).buckets, archive.decoded(anew).buckets);
  }
});

void test('a list of what changed replaces the scan', async () => {
  const archive = newArchive();
  for (let i = 0; i < 50; i++) archive.write(`pool/${i % 5}/sub/file-${i}`, `${i}`);
  archive.write('gone/deep/file', '');
  await archive.publish();
  archive.write('pool/1/sub/file-1', 'changed');
  archive.write('pool/2/sub/file-2', 'changed, and not listed');
  archive.write('new/deep/é', 'new');
  archive.write('pool/3/sub/file-3', 'listed by its folder');
  rmSync(join(archive.root, 'gone'), { recursive: true });
  const described = await archive.publish({
    changed: ['pool/1/sub/file-1', 'new/deep/é', 'gone/deep/file', './pool/3/'].map(treePath),
  });
  const entries = new Map((await archive.entries(described)).map((entry) => [entry.path, entry]));
  const sha256 = (path: string) => {
    const entry = entries.get(treePath(path));
    return entry?.kind === 'file' ? entry.sha256 : undefined;
  };
  assert.equal(sha256('pool/1/sub/file-1'), digest('changed'));
  assert.equal(sha256('pool/2/sub/file-2'), digest('2'));
  assert.equal(sha256('pool/3/sub/file-3'), digest('listed by its folder'));
  assert.equal(sha256('new/deep/é'), digest('new'));
  assert.equal(entries.has('gone'), false);
  assert.deepEqual([described.changed, described.dropped], [3, 1]);
  await refused('unsafe-path', archive.publish({ changed: ['../elsewhere'] }), '"../elsewhere"');
  // Without knowledge of the release before, a list says too little, and all is looked at.
  rmSync(archive.cacheDir, { recursive: true });
  assert.equal((await archive.publish({ changed: [] })).changed, 1);
});

void test('a release that drops more than the limit is refused, unless it is allowed', async () => {
  const archive = newArchive();
  for (let i = 0; i < 9; i++) archive.write(`pool/file-${i}`, `${i}`);
  await archive.publish();
  rmSync(join(archive.root, 'pool'), { recursive: true });
  archive.write('pool', 'now a file');
  await refused('too-many-deletes', archive.publish({ deleteLimit: 8 }), '--allow-delete 9');
  await refused('too-many-deletes', archive.publish({ deleteLimit: 3, allowDelete: 8 }), '9');
  const described = await archive.publish({ deleteLimit: 3, allowDelete: 9 });
  assert.deepEqual([described.dropped, described.files], [9, 1]);
});

void test('what a mirror cannot carry is refused by its name', async () => {
  for (const [target, at] of [
    ['/etc/passwd', 'out'],
    ['../..', 'pool/out'],
    ['a/../../..', 'pool/out'],
  ] as const) {
    const archive = newArchive();
    mkdirSync(join(archive.root, 'pool'));
    symlinkSync(target, join(archive.root, at));
    await refused('unsafe-link', archive.publish(), `"${at}"`);
  }
  const archive = newArchive();
  const server = createServer().listen(join(archive.root, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  await refused('odd-file', archive.publish(), '"socket" is a socket');
  server.close();
  const deep = Array.from({ length: 13 }, () => 'n'.repeat(240)).join('/');
  archive.write(deep, '');
  await refused('unsafe-path', archive.publish(), `"${deep}" is longer than 3072 bytes`);
  rmSync(join(archive.root, 'n'.repeat(240)), { recursive: true });
  await refused('unreadable', archive.publish({ root: join(archive.root, 'none') }), 'none');
});

void test('what comes, goes or changes while we look is looked at again', async () => {
  const archive = newArchive();
  for (let i = 0; i < 40; i++) archive.write(`pool/${i % 4}/file-${i}`, `${i}`);
  let disturbed = 0;
  const described = await archive.publish({}, () => {
    if (++disturbed > 1) return;
    archive.write('pool/1/late', 'came');
    archive.write('later/deep/file', 'came too');
    rmSync(join(archive.root, 'pool/2/file-2'));
    rmSync(join(archive.root, 'pool/3'), { recursive: true });
    renameSync(join(archive.root, 'pool/0/file-0'), join(archive.root, 'pool/0/file-moved'));
  });
  const anew = await archive.publish({ cacheDir: join(archive.cacheDir, 'anew') });
  assert.deepEqual(archive.decoded(described).buckets, archive.decoded(anew).buckets);
  assert.equal(described.files, 40 + 2 - 1 - 10);
  let n = 0;
  archive.write('pool/1/again', '');
  const restless = archive.publish({}, () => archive.write(`pool/1/again-${n++}`, ''));
  await refused('tree-changing', restless, '"pool/1');
});

void test('a file that never stops changing is an error that names it', async () => {
  const archive = newArchive();
  archive.write('pool/still', '');
  archive.write('pool/busy', 'x');
  const file = join(archive.root, 'pool/busy');
  truncateSync(file, 300 * 1024 * 1024); // Hashing it takes longer than a busy machine's pauses.
  const writer = spawn(
    'timeout',
    ['60', 'sh', '-c', 'while :; do echo more; done >> "$1"', 'sh', file],
    {
      detached: true,
    },
  );
  try {
    const size = statSync(file).size;
    for (let i = 0; i < 500 && statSync(file).size === size; i += 1) await delay(10);
    await refused('tree-changing', archive.publish(), '"pool/busy"');
  } finally {
    if (writer.pid !== undefined) process.kill(-writer.pid, 'SIGKILL');
  }
});

void test('files written just now are hashed again next time, a torn memory is no harm', async () => {
  const archive = newArchive();
  archive.write('pool/a', '1');
  const first = await archive.publish({ freshMs: 60_000 });
  await archive.publish();
  assert.equal(archive.hashed, 1);
  const cache = join(archive.cacheDir, 'digests');
  writeFileSync(cache, readFileSync(cache).subarray(0, -1));
  const again = await archive.publish();
  assert.equal(archive.hashed, 1);
  assert.deepEqual(archive.decoded(again).buckets, archive.decoded(first).buckets);
});

void test('old releases go, those that a head names stay', async () => {
  const archive = newArchive();
  const old = new Date('2020-01-01');
  const releases: Described[] = [];
  const release = (i: number) => releases[i] ?? assert.fail(`there is no release ${i}`);
  for (let i = 0; i < 7; i++) {
    archive.write('dists/sid/InRelease', `release ${i}`);
    archive.write(`pool/file-${i}`, `${i}`);
    releases.push(
      await archive.publish({ keep: releases.slice(0, 1).map((first) => first.manifest.sha256) }),
    );
    utimesSync(archive.rootFile(release(i)), old, old);
    // The public head stays at the second one: all since are held, or in their waves.
    const { sha256, bytes } = release(Math.min(i, 1)).manifest;
    archive.write(HEAD_PATH, `Push-Head: 1\nManifest: sha256:${sha256} ${bytes}\n`);
  }
  const stored = readdirSync(join(archive.root, MANIFEST_FOLDER));
  const roots = stored.filter((name) => name.endsWith('.root'));
  const kept = [0, 1, 3, 4, 5, 6].map((i) => rootName(release(i).manifest));
  assert.deepEqual(roots.toSorted(), kept.toSorted());
  for (const i of [0, 1, 3, 4, 5, 6]) await archive.entries(release(i));
  const byHash = readdirSync(join(archive.root, BY_HASH_FOLDER));
  const wanted = [0, 1, 3, 4, 5, 6].map((i) => digest(`release ${i}`));
  assert.deepEqual(byHash.toSorted(), wanted.toSorted());
});
