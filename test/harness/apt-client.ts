import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from './tool.ts';

/** The real apt-get, with folders of its own, reading one archive. */
export interface AptClient {
  /** `apt-get update`; fails on a bad signature, a wrong digest or a missing index. */
  update(): Promise<void>;
  /** Download a package and check it against the index. */
  download(name: string): Promise<void>;
  /** Install a package, with dpkg, into the root `FOLDER/root`; resolves with its files. */
  install(name: string): Promise<string[]>;
  /** The packages that its lists name. */
  packages(): Promise<string[]>;
}

export interface AptOptions {
  /** Whether it asks for indexes by their digest; by default as the Release file says. */
  byHash?: 'yes' | 'no';
}

/** @param uri such as `file:/srv/mirror/debian` or `http://127.0.0.1:8080/debian`. */
export async function createAptClient(
  folder: string,
  uri: string,
  keyFile: string,
  options: AptOptions = {},
): Promise<AptClient> {
  const byHash = options.byHash === undefined ? '' : ` by-hash=${options.byHash}`;
  for (const part of ['etc/sources.d', 'etc/trusted', 'lists/partial', 'cache/archives/partial']) {
    await mkdir(join(folder, part), { recursive: true });
  }
  await writeFile(
    join(folder, 'etc/sources.list'),
    ['trixie', 'trixie-updates']
      .map((suite) => `deb [signed-by=${keyFile}${byHash}] ${uri} ${suite} main contrib\n`)
      .join(''),
  );
  await writeFile(join(folder, 'status'), '');
  const settings: Record<string, string> = {
    'Dir::Etc': join(folder, 'etc'),
    'Dir::Etc::SourceList': join(folder, 'etc/sources.list'),
    'Dir::Etc::SourceParts': join(folder, 'etc/sources.d'),
    'Dir::Etc::TrustedParts': join(folder, 'etc/trusted'),
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::Status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': 'root',
    'APT::Update::Error-Mode': 'any',
    'Acquire::GzipIndexes': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '0',
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const apt = (...args: string[]) => tool(['apt-get', '-q', ...flags, ...args], { cwd: folder });
  return {
    update: async () => void (await apt('update')),
    download: async (name) => void (await apt('download', name)),
    async install(name) {
      const root = join(folder, 'root');
      for (const part of ['info', 'updates', 'triggers']) {
        await mkdir(join(root, 'var/lib/dpkg', part), { recursive: true });
      }
      const status = join(root, 'var/lib/dpkg/status');
      await writeFile(status, '', { flag: 'a' });
      const dpkg = [`--root=${root}`, `--log=${folder}/dpkg.log`, '--force-not-root'];
      const own = [`Dir::State::Status=${status}`, `Dir::Log=${folder}`];
      const options = [...own, ...dpkg.map((option) => `DPkg::Options::=${option}`)];
      await apt('-y', ...options.flatMap((option) => ['-o', option]), 'install', name);
      const listed = await tool(['dpkg-query', `--admindir=${root}/var/lib/dpkg`, '-L', name]);
      return listed.trim().split('\n');
    },
    async packages() {
      const lists = (await readdir(join(folder, 'lists'))).filter((one) =>
        one.endsWith('_Packages'),
      );
      const texts = lists.map((one) => readFile(join(folder, 'lists', one), 'utf8'));
      const found = (await Promise.all(texts)).join('\n').matchAll(/^Package: (\S+)$/gm);
      return [...found].map(([, name = '']) => name);
    },
  };
}
