import { watch } from 'node:fs';

/** Several changes at once are one. */
const TOGETHER_MS = 200;

/** Call `onChange` soon after something in a folder has changed. @returns what ends the watch. */
export function watchFolder(
  folder: string,
  onChange: () => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange().catch(onError);
    }, TOGETHER_MS);
  });
  watcher.on('error', onError);
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
