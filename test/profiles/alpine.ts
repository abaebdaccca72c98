import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, inflateRawSync } from 'node:zlib';
import { tool } from '../harness/tool.ts';
import { packagesOf, type Kind } from './kind.ts';

const FOLDER = 'v3.20/main/x86_64';

/**
 * Debian has no tool of Alpine's, so that packages and index are made by hand, in the form of
 * apk-package(5) and apk-index(5): an .apk is a control tar and a data tar, each gzipped; the index
 * names the size of each and the SHA-1 of its control part, which names the SHA-256 of the data.
 * The reader checks what apk checks.
 */
export const alpine: Kind = {
  profile: 'alpine',
  programs: ['tar'],
  order: [/\/APKINDEX\.tar\.gz$/, /^latest-stable$/, /^last-updated$/],
  async create({ root, work }) {
    const folder = join(root, FOLDER);
    await mkdir(folder, { recursive: true });
    await symlink('v3.20', join(root, 'latest-stable'));
    return {
      async build(release) {
        const wanted = packagesOf(release);
        for (const one of wanted) await buildPackage(folder, work, one);
        const files = wanted.map(fileOf);
        for (const name of await readdir(folder)) {
          if (name.endsWith('.apk') && !files.includes(name)) await rm(join(folder, name));
        }
        const stanzas = await Promise.all(wanted.map((one) => stanzaOf(folder, one)));
        const index = await tarOf(work, {
          DESCRIPTION: `small ${release}\n`,
          APKINDEX: `${stanzas.join('\n')}\n`,
        });
        await writeFile(join(folder, 'APKINDEX.tar.gz'), gzipSync(index));
        await writeFile(join(root, 'last-updated'), `${1_750_000_000 + release}\n`);
      },
      read: (url, release) => read(work, url, release),
      close: async () => {},
    };
  },
};

interface Package {
  name: string;
  version: string;
}

function fileOf({ name, version }: Package): string {
  return `${name}-${version}-r0.apk`;
}

async function buildPackage(folder: string, work: string, one: Package): Promise<void> {
  const path = join(folder, fileOf(one));
  if (existsSync(path)) return;
  const data = gzipSync(await tarOf(work, { data: `${one.name} ${one.version}\n` }));
  const info = [
    `pkgname = ${one.name}`,
    `pkgver = ${one.version}-r0`,
    'arch = noarch',
    `datahash = ${createHash('sha256').update(data).digest('hex')}`,
  ];
  const control = gzipSync(await tarOf(work, { '.PKGINFO': `${info.join('\n')}\n` }));
  await writeFile(path, Buffer.concat([control, data]));
}

async function stanzaOf(folder: string, one: Package): Promise<string> {
  const bytes = await readFile(join(folder, fileOf(one)));
  const { control } = partsOf(bytes);
  return `C:Q1${createHash('sha1').update(control).digest('base64')}
P:${one.name}
V:${one.version}-r0
A:noarch
S:${bytes.length}
`;
}

/** Two gzip members in a row; ours have a header of 10 bytes and a trailer of 8. */
function partsOf(bytes: Buffer): { control: Buffer; data: Buffer } {
  const raw = inflateRawSync(bytes.subarray(10), { info: true }) as unknown as {
    engine: { bytesWritten: number };
  };
  const end = 10 + raw.engine.bytesWritten + 8;
  return { control: bytes.subarray(0, end), data: bytes.subarray(end) };
}

async function tarOf(work: string, files: Record<string, string>): Promise<Buffer> {
  const folder = join(work, 'tar');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await tool(['tar', '-C', folder, '-cf', join(work, 'tar.tar'), ...Object.keys(files)]);
  return readFile(join(work, 'tar.tar'));
}

async function read(work: string, url: string, release: number): Promise<void> {
  const get = async (path: string) => {
    const response = await fetch(`${url}/latest-stable/main/x86_64/${path}`);
    assert.equal(response.status, 200, path);
    return Buffer.from(await response.arrayBuffer());
  };
  await writeFile(join(work, 'index.tar.gz'), await get('APKINDEX.tar.gz'));
  const index = await tool(['tar', '-xzOf', join(work, 'index.tar.gz'), 'APKINDEX']);
  const found: Package[] = [];
  for (const stanza of index.trim().split('\n\n')) {
    const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(stanza)?.[1] ?? '';
    const one = { name: field('P'), version: field('V').replace(/-r0$/, '') };
    const bytes = await get(fileOf(one));
    assert.equal(bytes.length, Number(field('S')));
    const { control, data } = partsOf(bytes);
    assert.equal(`Q1${createHash('sha1').update(control).digest('base64')}`, field('C'));
    await writeFile(join(work, 'control.tar.gz'), control);
    const info = await tool(['tar', '-xzOf', join(work, 'control.tar.gz'), '.PKGINFO']);
    const datahash = /^datahash = (.*)$/m.exec(info)?.[1];
    assert.equal(datahash, createHash('sha256').update(data).digest('hex'));
    found.push(one);
  }
  assert.deepEqual(found, packagesOf(release));
}
