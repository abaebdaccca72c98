import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const MIRROR = 'bench.example.org';
export const ARCHIVE = 'bench';

/** What the agent is told of the archive. */
export function archiveSettings(to: string, upstream: string) {
  return {
    name: ARCHIVE,
    to,
    profile: 'debian' as const,
    upstream,
    fallbacks: [],
    mode: 'auto' as const,
    deadline: 3_600_000,
    max_delete: 40_000,
    include: [],
    exclude: [],
    architectures: { include: [], exclude: [] },
    hooks: {},
    upstream_busy: { wait: 1_000, retries: 1 },
    min_free: 0,
  };
}

/** The same for ftpsync. */
export async function configureFtpsync(folder: string, to: string, port: number): Promise<void> {
  const config = [
    `MIRRORNAME=${MIRROR}`,
    `TO=${to}/`,
    'MAILTO=""',
    'RSYNC_HOST=127.0.0.1',
    'RSYNC_PATH=bench',
    `RSYNC_EXTRA="--port=${port}"`,
    'EXCLUDE="--exclude=/project/pushmirror/"', // It would copy our metadata, too.
  ];
  await mkdir(join(folder, 'home/.config/ftpsync'), { recursive: true });
  await writeFile(join(folder, 'home/.config/ftpsync/ftpsync.conf'), `${config.join('\n')}\n`);
}
