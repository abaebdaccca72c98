import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRandom } from '../faults/random.ts';
import { noise } from '../harness/plain-tree.ts';
import { at } from './listing.ts';

/** Names as bytes, written as Latin-1: what Linux takes and what programs stumble over. */
const names = [
  'plain',
  'with space',
  ' leading and trailing ',
  '"double" and \'single\'',
  '100%',
  '%2e%2e',
  'back\\slash',
  '-rf',
  '--delete',
  '#comment',
  ';semicolon',
  '*',
  '?[a-z]',
  '$(touch owned)',
  'tab\there',
  'new\nline',
  '\nnew line first',
  'umlaut \xc3\xbc',
  '\xe6\x97\xa5\xe6\x9c\xac',
  'not utf-8 \xff\xfe',
  '\x80',
  'control \x01\x1b[31m',
  '.hidden',
  '...',
  'Packages',
  'InRelease',
  'n'.repeat(255),
];
const folders = ['dists', 'pool/a b', 'pool/\xff', 'pool/deep/er/and/deeper', 'pool/100%\n'];

/** A tree of odd names that changes a little with each release, as only a seed decides. */
export function createOddTree(root: string, seed: number) {
  const random = createRandom(seed);
  const any = () => `${random.pick(folders)}/${random.pick(names)}`;
  const path = (name: string) => at(root, name);

  function put(name: string, kind: 'file' | 'folder' | 'link'): void {
    rmSync(path(name), { recursive: true, force: true });
    if (kind === 'folder') {
      mkdirSync(path(`${name}/empty \xff`), { recursive: true });
      writeFileSync(path(`${name}/in it`), noise(name, random.int(0, 300)));
    } else if (kind === 'link') {
      // To what is there or not, but never out of the tree.
      const up = '../'.repeat(name.split('/').length - 1);
      symlinkSync(Buffer.from(`${up}${any()}`, 'latin1'), path(name));
    } else {
      writeFileSync(path(name), noise(`${random.next()}`, random.int(0, 2_000)));
      chmodSync(path(name), random.pick([0o644, 0o755, 0o444]));
    }
  }

  function change(): void {
    const name = any();
    const here = existsSync(path(name)) && lstatSync(path(name)).isFile();
    switch (random.int(0, 7)) {
      case 0:
        return put(name, 'folder');
      case 1:
        return put(name, 'link');
      case 2:
        return rmSync(path(name), { recursive: true, force: true });
      case 3: {
        // A move, also over what is there.
        const other = any();
        if (!here || other === name) return;
        rmSync(path(other), { recursive: true, force: true });
        return renameSync(path(name), path(other));
      }
      case 4: {
        const other = any();
        if (!here || other === name) return;
        rmSync(path(other), { recursive: true, force: true });
        return linkSync(path(name), path(other));
      }
      case 5: {
        if (!here) return;
        chmodSync(path(name), random.pick([0o644, 0o755]));
        const time = 1_700_000_000 + random.int(0, 50_000_000);
        return utimesSync(path(name), time, time);
      }
      default:
        return put(name, 'file');
    }
  }

  return {
    /** The first release: every name, somewhere. */
    build(): void {
      for (const folder of folders) mkdirSync(path(folder), { recursive: true });
      for (const name of names) {
        put(`${random.pick(folders)}/${name}`, random.pick(['file', 'file', 'folder', 'link']));
      }
      mkdirSync(path('empty'), { recursive: true });
    },
    /** A few changes: enough for each to come in some release. */
    change(): void {
      for (let left = random.int(3, 12); left > 0; left -= 1) change();
    },
  };
}
