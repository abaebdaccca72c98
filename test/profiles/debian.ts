import { join } from 'node:path';
import { createAptClient } from '../harness/apt-client.ts';
import { createDebianArchive } from '../harness/debian-archive.ts';
import { packagesOf } from '../harness/debian-release.ts';
import type { Kind } from './kind.ts';

const PACKAGES = 14;

/** Made by apt-ftparchive, read by apt. */
export const debian: Kind = {
  profile: 'debian',
  programs: ['apt-ftparchive', 'dpkg-deb', 'gpg', 'apt-get'],
  order: [/\/(Packages|Contents)[^/]*$/, /\/Release$/, /\/Release\.gpg$/, /\/InRelease$/],
  async create({ root, work }) {
    const archive = await createDebianArchive({
      root,
      work: join(work, 'make'),
      packages: PACKAGES,
    });
    return {
      build: async (release) => void (await archive.build(release)),
      async read(url, release) {
        const key = join(root, 'archive-key.asc');
        const apt = await createAptClient(join(work, `apt-${release}`), url, key);
        await apt.update();
        for (const { name } of packagesOf(release, PACKAGES).slice(-2)) await apt.download(name);
      },
      close: () => archive.close(),
    };
  },
};
