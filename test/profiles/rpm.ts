import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigner } from '../harness/gpg-signer.ts';
import { tool } from '../harness/tool.ts';
import { packagesOf, type Kind } from './kind.ts';

/** Packages by rpmbuild, metadata by createrepo_c, signed; read by dnf, which checks all of it. */
export const rpm: Kind = {
  profile: 'rpm',
  programs: ['rpmbuild', 'createrepo_c', 'dnf', 'gpg'],
  order: [
    /^repodata\/(?!repomd\.xml)[^/]+$/,
    /^repodata\/repomd\.xml\.asc$/,
    /^repodata\/repomd\.xml$/,
  ],
  async create({ root, work }) {
    const signer = await createSigner(join(work, 'gnupg'));
    const key = join(work, 'key.asc');
    await signer.exportKey(key);
    await mkdir(join(root, 'Packages'));
    return {
      async build(release) {
        const wanted = packagesOf(release);
        for (const one of wanted) await buildPackage(root, work, one);
        const names = wanted.map(({ name, version }) => `${name}-${version}.rpm`);
        for (const name of await readdir(join(root, 'Packages'))) {
          if (!names.includes(name)) await rm(join(root, 'Packages', name));
        }
        await tool(['createrepo_c', '-q', '--simple-md-filenames', root]);
        const repomd = join(root, 'repodata/repomd.xml');
        await signer.detachSign(repomd, `${repomd}.asc`);
      },
      read: (url, release) =>
        readWithDnf(join(work, `dnf-${release}`), `baseurl=${url}`, key, release),
      close: () => signer.close(),
    };
  },
};

async function buildPackage(
  root: string,
  work: string,
  { name, version }: { name: string; version: string },
): Promise<void> {
  if (existsSync(join(root, 'Packages', `${name}-${version}.rpm`))) return;
  const spec = join(work, `${name}.spec`);
  await writeFile(
    spec,
    `Name: ${name}
Version: ${version}
Release: 1
Summary: ${name} of a small archive
License: none
BuildArch: noarch
%description
${name} of a small archive
%install
mkdir -p %{buildroot}/usr/share/${name}
echo ${name} ${version} > %{buildroot}/usr/share/${name}/data
%files
/usr/share/${name}
`,
  );
  const settings = {
    _topdir: join(work, 'rpmbuild'),
    _rpmdir: join(root, 'Packages'),
    _build_name_fmt: '%%{NAME}-%%{VERSION}.rpm',
  };
  const defines = Object.entries(settings).flatMap(([name_, value]) => [
    '--define',
    `${name_} ${value}`,
  ]);
  await tool(['rpmbuild', '-bb', '--quiet', ...defines, spec]);
}

/**
 * Have dnf fetch a release's packages, checking all it can.
 *
 * @param source where from, as dnf.conf has it: `baseurl=`, `mirrorlist=` or `metalink=` with a URL.
 */
export async function readWithDnf(
  folder: string,
  source: string,
  key: string,
  release: number,
): Promise<void> {
  await mkdir(folder);
  const config = join(folder, 'dnf.conf');
  await writeFile(
    config,
    `[main]
reposdir=/nonexistent
cachedir=${folder}/cache
persistdir=${folder}/persist
logdir=${folder}/log
gpgcheck=0
plugins=0
zchunk=0
[small]
name=small
${source}
repo_gpgcheck=1
gpgkey=file://${key}
`,
  );
  const dnf = ['dnf', '-q', '-y', '-c', config, `--installroot=${folder}/root`, '--releasever=1'];
  const wanted = packagesOf(release).map(({ name, version }) => `${name}-${version}`);
  await tool([...dnf, '--downloadonly', `--downloaddir=${folder}/got`, 'install', ...wanted] as [
    string,
  ]);
  assert.deepEqual(
    (await readdir(join(folder, 'got'))).toSorted(),
    wanted.map((name) => `${name}.rpm`).toSorted(),
  );
}
