import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HEAD_PATH, parseHead, type Head, type SignedHead } from '@pushmirror/trigger';
import { tempFolder } from '../../../../test/harness/temp-folder.ts';
import type { ArchiveSettings } from './archive-settings.ts';
import type { SyncEvent, SyncResult } from './events.ts';
import { createHeads, settings, startRsyncd, type Rsyncd } from './fixtures.test.ts';
import { runSync, type SyncOptions } from './sync.ts';

export const MIRROR = 'leaf.example.org';

/** An upstream with a real rsync daemon, and a mirror's folder to sync into. */
export interface Site {
  folder: string;
  /** The upstream's tree. */
  up: string;
  /** The mirror's. */
  to: string;
  rsyncd: Rsyncd;
  head(serial: number, changes?: Partial<Head>): SignedHead;
  /** Make the upstream show a head. At once, so that it can be done from within an event. */
  publish(signed: SignedHead): void;
  sync(options?: Partial<SyncOptions>, archive?: Partial<ArchiveSettings>): Promise<SyncResult>;
  /** What was told by all syncs so far. */
  events: SyncEvent[];
  /** The serial that the mirror shows. */
  claimed(): Promise<number | undefined>;
  close(): Promise<void>;
}

export async function createSite(): Promise<Site> {
  const { path: folder, remove } = await tempFolder('sync');
  const [up, to] = [join(folder, 'up'), join(folder, 'to')];
  mkdirSync(up);
  const rsyncd = await startRsyncd(folder, { debian: up });
  const head = await createHeads(folder);
  const events: SyncEvent[] = [];
  return {
    folder,
    up,
    to,
    rsyncd,
    head,
    events,
    publish: (signed) => write(up, HEAD_PATH, signed.bytes),
    sync: ({ onEvent, ...options } = {}, archive = {}) =>
      runSync({
        archive: settings({ to, upstream: rsyncd.url('debian'), ...archive }),
        agent: { name: MIRROR, trace: { host: 'leaf-host' } },
        goal: () => undefined,
        acceptHead: async (bytes) => ({ accepted: true, signed: parseHead(bytes) }),
        via: 'push',
        stateDir: join(folder, 'state'),
        now: () => new Date('2026-11-21T10:00:00Z'),
        signal: new AbortController().signal,
        delay: async () => {},
        onEvent(event) {
          events.push(event);
          onEvent?.(event);
        },
        ...options,
      }),
    claimed: () =>
      readFile(join(to, HEAD_PATH)).then(
        (bytes) => parseHead(bytes).head.serial,
        () => undefined,
      ),
    async close() {
      await rsyncd.stop();
      await remove();
    },
  };
}

/** Run a test with a site of its own. */
export async function withSite(work: (site: Site) => Promise<void>): Promise<void> {
  const site = await createSite();
  try {
    await work(site);
  } finally {
    await site.close();
  }
}

/** Write one file into a tree, at once. */
export function write(root: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
