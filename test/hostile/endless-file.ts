/** What to pass on of a chunk, and, when the turn has come, what to send for ever after it. */
export interface Taken {
  pass: Buffer;
  next?: Buffer;
}

/**
 * Follows what an rsync daemon sends, and finds the place at which a file that is being sent can be
 * made endless.
 *
 * After its handshake rsync sends frames (io.c): a 32-bit little-endian header, whose upper byte is
 * 7 for data and whose lower three are the length, and the payload. A file's content in them is
 * tokens (token.c): a 32-bit length and so many bytes. A payload of nothing but ones, wherever it
 * begins, is the rest of one token and then tokens of 0x01010101 bytes each, without end.
 */
export function createEndlessFile(turnsAfter: number): { take(chunk: Buffer): Taken } {
  let seen = Buffer.alloc(0);
  return {
    take(chunk) {
      const before = seen.length;
      seen = Buffer.concat([seen, chunk]);
      if (seen.length < turnsAfter) return { pass: chunk };
      const edge = lastFrameEdge(seen);
      // The edge may lie in what was passed on already; then the next chunk has one.
      if (edge === undefined || edge < before) return { pass: chunk };
      return { pass: chunk.subarray(0, edge - before), next: frameOfOnes() };
    },
  };
}

const DATA = 7;
const LONGEST_HANDSHAKE = 4_096;
/** Other tags, such as messages, and frames of other lengths do not come in a row like this. */
const FRAMES_IN_A_ROW = 20;
const LONGEST_FRAME = 128 * 1024;

/** Where the last whole frame ends; undefined when no row of frames is found. */
function lastFrameEdge(bytes: Buffer): number | undefined {
  for (let start = 0; start < LONGEST_HANDSHAKE; start += 1) {
    let at = start;
    let frames = 0;
    while (at + 4 <= bytes.length) {
      const header = bytes.readUInt32LE(at);
      const length = header & 0xffffff;
      if (header >>> 24 < DATA || header >>> 24 > DATA + 10 || length > LONGEST_FRAME) break;
      if (at + 4 + length > bytes.length) {
        if (frames >= FRAMES_IN_A_ROW) return at;
        break;
      }
      at += 4 + length;
      frames += 1;
    }
    if (at === bytes.length && frames >= FRAMES_IN_A_ROW) return at;
  }
  return undefined;
}

function frameOfOnes(): Buffer {
  const payload = Buffer.alloc(32 * 1024, 1);
  const header = Buffer.alloc(4);
  header.writeUInt32LE((DATA << 24) | payload.length);
  return Buffer.concat([header, payload]);
}
