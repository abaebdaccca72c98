/** How far a pass is: bytes of the files dealt with so far, and the share of the whole. */
export interface Progress {
  bytes: number;
  percent: number;
}

/** The last state that `--info=progress2` printed in this piece of output, if it printed one. */
export function parseProgress(text: string): Progress | undefined {
  let last: Progress | undefined;
  for (const [, bytes, percent] of text.matchAll(/\r\s*(\d{1,16})\s+(\d{1,3})%\s/g)) {
    last = { bytes: Number(bytes), percent: Number(percent) };
  }
  return last;
}

/** What `--stats` says came over the wire, in bytes; 0 when rsync did not get that far. */
export function parseReceived(stdout: string): number {
  const line = /^Total bytes received: (\d{1,16})$/m.exec(stdout);
  return line === null ? 0 : Number(line[1]);
}
