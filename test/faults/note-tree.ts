import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent } from '../harness/agent.ts';
import { ARCHIVE } from './cast.ts';
import type { History } from './history.ts';

/**
 * Write down what a mirror's tree shows now: first its head is read, then the stamp of every file,
 * so that whatever moves meanwhile can only make the files newer than the head.
 */
export async function noteTree(mirror: Agent, when: string, history: History): Promise<void> {
  const root = mirror.tree(ARCHIVE);
  const head = await readFile(join(root, 'project/pushmirror/Release.head'), 'latin1').catch(
    () => '',
  );
  const serial = Number(/^Serial: (\d+)$/m.exec(head)?.[1] ?? 0) || null;
  const stamps: Record<string, number> = {};
  for (const folder of ['pool', 'dists']) {
    const entries = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    for (const name of entries) {
      // A hidden file is rsync's, not yet in its place.
      if (/(^|\/)\./.test(name)) continue;
      const text = await readFile(join(root, folder, name), 'latin1').catch(() => undefined);
      if (text === undefined) continue; // A folder, or a file that has just gone.
      stamps[`${folder}/${name}`] = Number(/^stamp (\d+)\n/.exec(text)?.[1] ?? Number.NaN);
    }
  }
  history.note('tree', { mirror: mirror.name, when, serial, stamps });
}
