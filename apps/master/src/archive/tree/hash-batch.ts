import { setFile, DIGEST_AT, setFlag, FLAG, type Bytes } from './block.ts';
import type { HandSetup, HashReply, HashRequest } from './hand-words.ts';
import { hashFile } from './hash-file.ts';

/*
 * What comes back for a file: u8 1 when it was hashed, 0 when it has gone · u8 1 when fresh ·
 * u16 mode · f64 size · f64 mtime ms · f64 ctime ms · f64 inode · f64 mtime s · 32 bytes SHA-256
 */
export const RESULT_BYTES = 76;

const PROGRESS_BYTES = 32 * 1024 * 1024;

/** Hash a batch of files, and say from time to time how many bytes that has been. */
export function hashBatch(
  setup: HandSetup,
  request: HashRequest,
  onRead: (bytes: number) => void,
): HashReply {
  const results = new ArrayBuffer(request.paths.length * RESULT_BYTES);
  const view = new DataView(results);
  let read = 0;
  for (const [i, path] of request.paths.entries()) {
    const hashed = hashFile(setup.root, path, setup.freshMs, (bytes) => {
      read += bytes;
      if (read < PROGRESS_BYTES) return;
      onRead(read);
      read = 0;
    });
    if (hashed === undefined) continue;
    const at = i * RESULT_BYTES;
    view.setUint8(at, 1);
    view.setUint8(at + 1, hashed.fresh ? 1 : 0);
    view.setUint16(at + 2, hashed.mode, true);
    view.setFloat64(at + 4, hashed.size, true);
    view.setFloat64(at + 12, hashed.mtimeMs, true);
    view.setFloat64(at + 20, hashed.ctimeMs, true);
    view.setFloat64(at + 28, hashed.ino, true);
    view.setFloat64(at + 36, hashed.mtime, true);
    hashed.digest.copy(Buffer.from(results), at + 44);
  }
  onRead(read);
  return { did: 'hash', results };
}

/** Write a result into the file's entry. False when the file has gone, and nothing was written. */
export function applyResult(results: Bytes, i: number, block: Bytes, entry: number): boolean {
  const at = i * RESULT_BYTES;
  const { view, buffer } = results;
  if (view.getUint8(at) === 0) return false;
  setFile(block, entry, {
    mode: view.getUint16(at + 2, true),
    size: view.getFloat64(at + 4, true),
    mtimeMs: view.getFloat64(at + 12, true),
    ctimeMs: view.getFloat64(at + 20, true),
    ino: view.getFloat64(at + 28, true),
    mtime: view.getFloat64(at + 36, true),
  });
  buffer.copy(block.buffer, entry + DIGEST_AT, at + 44, at + RESULT_BYTES);
  setFlag(block, entry, FLAG.toHash, false);
  setFlag(block, entry, FLAG.fresh, view.getUint8(at + 1) === 1);
  return true;
}
