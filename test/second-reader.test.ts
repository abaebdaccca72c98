import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MANIFEST_FOLDER } from '@pushmirror/manifest';
import { HEAD_PATH, readSigningKey, signHead } from '@pushmirror/trigger';
import { describeTree } from '../apps/master/src/archive/describe.ts';
import { createKeyPair } from './harness/ssh-keys.ts';
import { tempFolder } from './harness/temp-folder.ts';
import { tool } from './harness/tool.ts';
import { checkTree, compareReleases } from './second-reader/second-reader.ts';
import { createOddTree } from './serials/odd-tree.ts';

/*
 * docs/formats.md says enough for a second implementation: here is one, in another language, made
 * from that page alone. It reads what the master writes.
 */
void test('a reader made from docs/formats.md alone agrees with the master, and sees each fault', async () => {
  const temp = await tempFolder('second-reader');
  try {
    const site = await createSite(temp.path);
    const tree = createOddTree(site.root, 7);
    tree.build();
    writeFileSync(join(site.root, 'pool/steady'), 'steady');
    symlinkSync('pool/steady', join(site.root, 'link'));
    const first = await site.release(1);
    await agrees(site, 1, first);

    for (let i = 0; i < 10; i += 1) tree.change();
    writeFileSync(join(site.root, 'pool/new one'), 'new');
    rmSync(join(site.root, 'link'));
    const second = await site.release(2);
    await agrees(site, 2, second);
    const changes = await compareReleases(site.root, first.sha256, second.sha256);
    assert.equal(changes.length > 10 && changes.includes('+ pool/new%20one'), true);
    assert.equal(changes.includes('- link'), true);
    // Folders are no change to the master's count, and what goes is counted apart.
    assert.equal(changes.filter((one) => one.startsWith('-')).length >= second.dropped, true);

    for (const [what, damage, sentence] of damages) {
      const copy = join(temp.path, 'copy');
      await tool(['cp', '-a', site.root, copy]);
      damage(copy);
      const { faults } = await checkTree(copy, site.signers);
      assert.deepEqual([what, faults.filter((fault) => !sentence.test(fault))], [what, []]);
      assert.equal(faults.length, 1, what);
      rmSync(copy, { recursive: true });
    }
  } finally {
    await temp.remove();
  }
});

const damages: [string, (tree: string) => void, RegExp][] = [
  ['a file is gone', (t) => rmSync(join(t, 'pool/steady')), /^pool\/steady is missing$/],
  [
    'another content of the same size and time',
    (t) => {
      writeFileSync(join(t, 'pool/steady'), 'STEADY');
      const { mtime } = statSync(join(t, 'pool/new one'));
      utimesSync(join(t, 'pool/steady'), mtime, mtime);
    },
    /^pool\/steady has other content$/,
  ],
  [
    'another mode',
    (t) => chmodSync(join(t, 'pool/steady'), 0o600),
    /^pool\/steady has another mode$/,
  ],
  [
    'another time',
    (t) => utimesSync(join(t, 'pool/steady'), 1, 1),
    /^pool\/steady has another time$/,
  ],
  ['a file too many', (t) => writeFileSync(join(t, 'pool/x%y'), ''), /^pool\/x%25y is not listed$/],
  ['a folder too many', (t) => mkdirSync(join(t, 'void')), /^void is not listed$/],
  [
    'a bucket that is cut off',
    (t) => truncateSync(manifestFile(t, 'bucket'), 20),
    /^refused: [0-9a-f]{64}\.bucket has another size$/,
  ],
  [
    'a head that was changed',
    (t) => {
      const head = join(t, HEAD_PATH);
      writeFileSync(head, readFileSync(head, 'latin1').replace('Serial: 2', 'Serial: 3'));
    },
    /^refused: the head's signature is not good$/,
  ],
  [
    'a root that somebody added to',
    (t) => appendFileSync(manifestFile(t, 'root'), 'more\n'),
    /^refused: [0-9a-f]{64}\.root has another size$/,
  ],
];

type Site = Awaited<ReturnType<typeof createSite>>;

async function agrees(site: Site, serial: number, described: { files: number; bytes: number }) {
  const { faults, sums } = await checkTree(site.root, site.signers);
  assert.deepEqual(faults, []);
  const { files, bytes } = described;
  assert.deepEqual({ ...sums, entries: 0 }, { serial, files, bytes, entries: 0 });
}

/** A file of the manifest that the tree's head names. */
function manifestFile(tree: string, kind: 'root' | 'bucket'): string {
  const folder = join(tree, MANIFEST_FOLDER);
  const head = readFileSync(join(tree, HEAD_PATH), 'latin1');
  const digest = /^Manifest: sha256:([0-9a-f]{64}) /m.exec(head)?.[1] ?? '';
  const root = join(folder, `${digest}.root`);
  if (kind === 'root') return root;
  const bucket = /^([0-9a-f]{64}) /m.exec(readFileSync(root, 'latin1'))?.[1] ?? '';
  return join(folder, `${bucket}.bucket`);
}

/** An archive as the master describes and signs it, without the master around it. */
async function createSite(folder: string) {
  const root = join(folder, 'archive');
  mkdirSync(root);
  const { path, publicKey } = await createKeyPair(join(folder, 'signing-key'));
  const file = join(folder, 'allowed_signers');
  writeFileSync(file, `example namespaces="pushmirror-head" ${publicKey}\n`);
  const named = { network: 'example', archive: 'odd', epoch: 1 } as const;
  return {
    root,
    signers: { file, network: 'example' },
    async release(serial: number) {
      const described = await describeTree({
        ...named,
        serial,
        root,
        cacheDir: join(folder, 'cache'),
        profile: 'debian',
        deleteLimit: 100,
        onProgress: () => {},
        signal: new AbortController().signal,
      });
      const { manifest, files, bytes, dropped } = described;
      const issued = new Date(Math.floor(Date.now() / 1000) * 1000);
      const expires = new Date(issued.getTime() + 3_600_000);
      const head = signHead({ ...named, serial, manifest, issued, expires }, readSigningKey(path));
      writeFileSync(join(root, HEAD_PATH), head.bytes);
      return { sha256: manifest.sha256, files, bytes, dropped };
    },
  };
}
