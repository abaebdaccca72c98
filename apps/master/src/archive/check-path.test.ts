import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkArchivePath, checkArchiveStillThere } from './check-path.ts';

let folder = '';
before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'pushmirror-')));
  await mkdir(join(folder, 'debian/pool'), { recursive: true });
  await mkdir(join(folder, 'other'));
  await writeFile(join(folder, 'file'), '');
  await symlink('debian', join(folder, 'link'));
});
after(() => rm(folder, { recursive: true }));

test('a folder of its own is taken, by its real path', async () => {
  const others = [{ name: 'other', path: join(folder, 'other') }];
  assert.equal(await checkArchivePath(join(folder, 'debian'), others), join(folder, 'debian'));
  assert.equal(await checkArchivePath(join(folder, 'link'), others), join(folder, 'debian'));
});

test('everything else gets a sentence', async () => {
  const others = [{ name: 'debian', path: join(folder, 'debian') }];
  const cases: [string, RegExp][] = [
    ['srv/debian', /not an absolute path/],
    [join(folder, 'nothing'), /does not exist/],
    [join(folder, 'file'), /is not a folder/],
    [join(folder, 'file/below'), /cannot be read \(.*, ENOTDIR\)/],
    [join(folder, 'debian'), /is the archive debian already/],
    [join(folder, 'link'), /is the archive debian already/],
    [join(folder, 'debian/pool'), /is inside the archive debian/],
    [folder, /is around the archive debian/],
    ['/', /whole file system/],
    [`${folder}/a\nb`, /control characters/],
  ];
  for (const [path, sentence] of cases)
    await assert.rejects(checkArchivePath(path, others), sentence);
});

test('an archive whose disk went away is not published', async () => {
  await checkArchiveStillThere({ name: 'debian', path: join(folder, 'debian') });
  await assert.rejects(
    checkArchiveStillThere({ name: 'x', path: join(folder, 'unmounted') }),
    /does not exist/,
  );
  await assert.rejects(
    checkArchiveStillThere({ name: 'x', path: join(folder, 'link') }),
    /now leads to/,
  );
});
