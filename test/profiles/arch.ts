import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from '../harness/tool.ts';
import { packagesOf, type Kind } from './kind.ts';

const FOLDER = 'small/os/x86_64';

/** Packages by tar in makepkg's form, the database by repo-add; read by pacman. */
export const arch: Kind = {
  profile: 'arch',
  programs: ['repo-add', 'makepkg', 'bsdtar', 'pacman', 'tar'],
  order: [/\.files(\.tar\.gz)?$/, /\.db\.tar\.gz$/, /\.db$/, /^lastupdate$/],
  async create({ root, work }) {
    const folder = join(root, FOLDER);
    await mkdir(folder, { recursive: true });
    return {
      async build(release) {
        const wanted = packagesOf(release);
        for (const one of wanted) await buildPackage(folder, work, one);
        const files = wanted.map(fileOf);
        const database = join(folder, 'small.db.tar.gz');
        const had = (await readdir(folder)).filter((name) => name.includes('.pkg.'));
        await tool(['repo-add', '-q', database, ...files.map((name) => join(folder, name))]);
        for (const name of had.filter((one) => !files.includes(one))) {
          await rm(join(folder, name));
          const [gone = ''] = name.split('-');
          if (!wanted.some((one) => one.name === gone)) {
            await tool(['repo-remove', '-q', database, gone]);
          }
        }
        for (const name of ['small.db.tar.gz.old', 'small.files.tar.gz.old']) {
          await rm(join(folder, name), { force: true });
        }
        await writeFile(join(root, 'lastupdate'), `${1_750_000_000 + release}\n`);
      },
      read: (url, release) => read(join(work, `pacman-${release}`), url, release),
      close: async () => {},
    };
  },
};

interface Package {
  name: string;
  version: string;
}

function fileOf({ name, version }: Package): string {
  return `${name}-${version}-1-any.pkg.tar.gz`;
}

async function buildPackage(folder: string, work: string, one: Package): Promise<void> {
  const { name, version } = one;
  if (existsSync(join(folder, fileOf(one)))) return;
  const from = join(work, 'package');
  await rm(from, { recursive: true, force: true });
  await mkdir(join(from, 'usr/share', name), { recursive: true });
  await writeFile(join(from, 'usr/share', name, 'data'), `${name} ${version}\n`);
  const fields = {
    pkgname: name,
    pkgbase: name,
    pkgver: `${version}-1`,
    pkgdesc: `${name} of a small archive`,
    url: 'https://example.org',
    builddate: '1750000000',
    packager: 'Test <test@example.org>',
    size: '100',
    arch: 'any',
    license: 'none',
  };
  const info = Object.entries(fields).map(([field, value]) => `${field} = ${value}\n`);
  await writeFile(join(from, '.PKGINFO'), info.join(''));
  await tool(['tar', '-C', from, '-czf', join(folder, fileOf(one)), '.PKGINFO', 'usr']);
}

async function read(folder: string, url: string, release: number): Promise<void> {
  await mkdir(join(folder, 'db'), { recursive: true });
  await mkdir(join(folder, 'cache'));
  const config = join(folder, 'pacman.conf');
  await writeFile(
    config,
    `[options]
Architecture = x86_64
SigLevel = Never
[small]
Server = ${url}/$repo/os/$arch
`,
  );
  const folders = {
    root: folder,
    dbpath: join(folder, 'db'),
    cachedir: join(folder, 'cache'),
    logfile: join(folder, 'log'),
    gpgdir: join(folder, 'gpg'),
  };
  const flags = Object.entries(folders).flatMap(([name, path]) => [`--${name}`, path]);
  const wanted = packagesOf(release);
  const names = wanted.map(({ name }) => name);
  await tool(['pacman', '--config', config, ...flags, '--noconfirm', '-Syw', ...names]);
  const got = (await readdir(join(folder, 'cache'))).filter((name) => name.endsWith('.pkg.tar.gz'));
  assert.deepEqual(got.toSorted(), wanted.map(fileOf).toSorted());
}
