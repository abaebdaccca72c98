import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigner } from '../harness/gpg-signer.ts';
import { tool } from '../harness/tool.ts';
import { packagesOf, type Kind } from './kind.ts';

/** Files with a signed list of digests, as projects put out their releases; read by sha256sum. */
export const generic: Kind = {
  profile: 'generic',
  programs: ['sha256sum', 'gpg', 'gpgv'],
  order: [/^SHA256SUMS$/, /^SHA256SUMS\.gpg$/, /^index\.html$/],
  async create({ root, work }) {
    const signer = await createSigner(join(work, 'gnupg'));
    await mkdir(join(root, 'files'));
    return {
      async build(release) {
        const names = packagesOf(release).map(
          ({ name, version }) => `files/${name}-${version}.iso`,
        );
        for (const name of names) await writeFile(join(root, name), `image ${name}\n`);
        for (const name of await readdir(join(root, 'files'))) {
          if (!names.includes(`files/${name}`)) await rm(join(root, 'files', name));
        }
        const sums = await tool(['sha256sum', ...names], { cwd: root });
        await writeFile(join(root, 'SHA256SUMS'), sums);
        await signer.detachSign(join(root, 'SHA256SUMS'), join(root, 'SHA256SUMS.gpg'));
        await writeFile(
          join(root, 'index.html'),
          `<ul>${names.map((name) => `<li>${name}`).join('')}</ul>`,
        );
      },
      read: (url, release) => read(join(work, `got-${release}`), join(work, 'gnupg'), url, release),
      close: () => signer.close(),
    };
  },
};

async function read(folder: string, gnupg: string, url: string, release: number): Promise<void> {
  await mkdir(join(folder, 'files'), { recursive: true });
  const files = packagesOf(release).map(({ name, version }) => `files/${name}-${version}.iso`);
  for (const name of ['SHA256SUMS', 'SHA256SUMS.gpg', ...files]) {
    const response = await fetch(`${url}/${name}`);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    await writeFile(join(folder, name), Buffer.from(await response.arrayBuffer()));
  }
  const keyring = join(gnupg, 'pubring.kbx');
  await tool(['gpgv', '--keyring', keyring, 'SHA256SUMS.gpg', 'SHA256SUMS'], { cwd: folder });
  await tool(['sha256sum', '--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder });
}
