import { createCipheriv, createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface PlainTreeOptions {
  files: number;
  /** Bytes of each file; 200 by default. */
  bytes?: number;
  /** Files a folder; 500 by default. */
  perFolder?: number;
  /** Other seeds make other contents. */
  seed?: string;
}

/** A tree of many small files, `pool/000/000000.bin` and so on; the same seed, the same bytes. */
export async function buildPlainTree(root: string, options: PlainTreeOptions): Promise<void> {
  const { files, bytes = 200, perFolder = 500, seed = '' } = options;
  for (let first = 0; first < files; first += perFolder) {
    await mkdir(join(root, dirname(plainName(first, perFolder))), { recursive: true });
    const count = Math.min(perFolder, files - first);
    await Promise.all(
      Array.from({ length: count }, (_, offset) => {
        const name = plainName(first + offset, perFolder);
        return writeFile(join(root, name), noise(`${seed}${name}`, bytes));
      }),
    );
  }
}

/** The name of file number `index` of a plain tree. */
export function plainName(index: number, perFolder = 500): string {
  const folder = String(Math.floor(index / perFolder)).padStart(3, '0');
  return `pool/${folder}/${String(index).padStart(6, '0')}.bin`;
}

/** Bytes that do not compress and that only `seed` decides. */
export function noise(seed: string, bytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
