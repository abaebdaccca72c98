import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { renderRsyncdConf } from '@pushmirror/acl';
import { readSigningKey, signHead, type Head, type SignedHead } from '@pushmirror/trigger';
import { freePort } from '../../../../test/harness/ports.ts';
import { createKeyPair } from '../../../../test/harness/ssh-keys.ts';
import { waitFor } from '../../../../test/harness/wait.ts';
import type { ArchiveSettings } from './archive-settings.ts';

/** Settings with the defaults of the configuration file. */
export function settings(changes: Partial<ArchiveSettings> = {}): ArchiveSettings {
  return {
    name: 'debian',
    to: '/srv/mirrors/debian',
    profile: 'debian',
    upstream: 'rsync://hub.example.org/debian',
    fallbacks: [],
    mode: 'auto',
    deadline: 60_000,
    max_delete: 40_000,
    include: [],
    exclude: [],
    architectures: { include: [], exclude: [] },
    hooks: {},
    upstream_busy: { wait: 1_200_000, retries: 3 },
    min_free: 0,
    ...changes,
  };
}

/** Makes signed heads of the archive "debian", with a key of its own. */
export async function createHeads(folder: string) {
  const { path } = await createKeyPair(join(folder, 'signing-key'));
  const key = readSigningKey(path);
  return (serial: number, changes: Partial<Head> = {}): SignedHead => {
    const issued = new Date('2026-11-21T09:00:00Z');
    const expires = new Date('2026-11-22T09:00:00Z');
    const head = { network: 'example', archive: 'debian', epoch: 1, serial, issued, expires };
    return signHead({ ...head, ...changes }, key);
  };
}

/** Write files into a tree; each text is the content of the path it is named by. */
export async function writeFiles(root: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/**
 * A small tree in the shape of a Debian archive. Each release has other sizes, since rsync takes
 * two files of one size and second for the same.
 */
export function debianLike(number: number): Record<string, string> {
  const release = `${number}${'.0'.repeat(number)}`;
  return {
    'README.html': 'read me',
    [`pool/main/a/alpha/alpha_${number}_amd64.deb`]: `alpha ${release} for amd64`,
    [`pool/main/a/alpha/alpha_${number}_arm64.deb`]: `alpha ${release} for arm64`,
    [`pool/main/a/alpha/alpha_${number}_all.deb`]: `alpha ${release} for all`,
    [`pool/main/a/alpha/alpha_${number}.dsc`]: `source of alpha ${release}`,
    [`pool/main/a/alpha/alpha_${number}.tar.xz`]: `tar of alpha ${release}`,
    'pool/main/b/beta/beta_1_amd64.deb': 'beta',
    'dists/trixie/main/binary-amd64/Packages.xz': `packages of amd64, release ${release}`,
    'dists/trixie/main/binary-arm64/Packages.xz': `packages of arm64, release ${release}`,
    'dists/trixie/main/source/Sources.xz': `sources, release ${release}`,
    'dists/trixie/main/Contents-amd64.gz': `contents of amd64, release ${release}`,
    'dists/trixie/Release': `release ${release}`,
    'dists/trixie/InRelease': `signed release ${release}`,
  };
}

export interface Rsyncd {
  /** `rsync://127.0.0.1:PORT/MODULE` */
  url(module: string): string;
  port: number;
  stop(): Promise<void>;
}

/** A real rsync daemon on loopback that serves folders as modules; `lines` go to the last one. */
export async function startRsyncd(
  folder: string,
  modules: Record<string, string>,
  lines: readonly string[] = [],
): Promise<Rsyncd> {
  const port = await freePort();
  const config = join(folder, `rsyncd-${port}.conf`);
  const served = Object.entries(modules).map(([name, path]) => ({ name, path }));
  const rendered = renderRsyncdConf({ address: '127.0.0.1', port, modules: served });
  await writeFile(config, [rendered.trimEnd(), ...lines, ''].join('\n'));
  const argv = ['--pdeathsig', 'TERM', 'rsync', '--daemon', '--no-detach', `--config=${config}`];
  const child = spawn('setpriv', argv, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await waitFor(() => answers(port), {
    deadlineMs: 5_000,
    describe: 'rsyncd answers',
    everyMs: 10,
  });
  return {
    port,
    url: (module) => `rsync://127.0.0.1:${port}/${module}`,
    async stop() {
      child.kill();
      await exited;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
