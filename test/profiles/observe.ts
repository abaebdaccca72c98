import { readdirSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/** Everything that came, changed or went by a change of its folder, in the order it happened. */
export interface Observed {
  paths: string[];
  stop(): void;
}

/** One process has one inotify queue, and its order is the kernel's, whatever the folder. */
export function observe(root: string): Observed {
  const paths: string[] = [];
  const watchers: FSWatcher[] = [];
  const add = (folder: string) => {
    watchers.push(
      watch(join(root, folder), (event, name) => {
        if (event === 'rename' && name !== null) paths.push(join(folder, name));
      }),
    );
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.isDirectory()) add(join(folder, entry.name));
    }
  };
  add('');
  return {
    paths,
    stop() {
      for (const watcher of watchers) watcher.close();
    },
  };
}
