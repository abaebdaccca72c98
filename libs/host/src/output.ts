import type { Writable } from 'node:stream';

/**
 * That nobody reads on, as behind `| head`, ends no command: it comes to its own end and exit code,
 * and the rest of its words are dropped.
 */
export function outlastReaders(streams: readonly Writable[]): void {
  for (const stream of streams) stream.on('error', () => {});
}

/**
 * Until all that was written has left the process, or nobody reads it any more. Without this,
 * `process.exit()` cuts what goes into a pipe at the 64 KiB that the pipe holds (pipe(7)).
 */
export async function allRead(streams: readonly Writable[]): Promise<void> {
  await Promise.all(streams.map((stream) => new Promise((resolve) => stream.write('', resolve))));
}
