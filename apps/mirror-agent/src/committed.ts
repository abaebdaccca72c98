import { join } from 'node:path';
import { replaceFile } from '@pushmirror/host';
import { parseHead, type SignedHead } from '@pushmirror/trigger';
import { z } from 'zod';
import { readJson, type OnCorrupt } from './state/read-json.ts';

/** What an archive's tree holds, as of its last commit. */
export interface Committed {
  /** The head that was committed; absent when the upstream publishes none. */
  signed?: SignedHead;
  /** The serial: the head's, or the upstream's `Archive serial` where there is no head. */
  serial?: string;
  at: Date;
  bytes: number;
  seconds: number;
}

const file = z.object({
  head: z.string().optional(),
  serial: z.string().optional(),
  at: z.iso.datetime(),
  bytes: z.number(),
  seconds: z.number(),
});

/** The last commit of each archive, one file each. */
export interface CommittedStore {
  read(archive: string): Promise<Committed | undefined>;
  /** Resolves when it is on the disk. */
  write(archive: string, committed: Committed): Promise<void>;
}

export function createCommittedStore(folder: string, onCorrupt: OnCorrupt): CommittedStore {
  const pathOf = (archive: string) => join(folder, `${archive}.json`);
  return {
    async read(archive) {
      const schema = file.transform(fromFile);
      return readJson(pathOf(archive), schema, onCorrupt);
    },
    async write(archive, { signed, serial, at, bytes, seconds }) {
      const head = signed?.bytes.toString('utf8');
      const text = JSON.stringify({ head, serial, at: at.toISOString(), bytes, seconds });
      await replaceFile(pathOf(archive), `${text}\n`, 0o600);
    },
  };
}

function fromFile({ head, serial, at, bytes, seconds }: z.output<typeof file>): Committed {
  return {
    ...(head === undefined ? {} : { signed: parseHead(Buffer.from(head, 'utf8')) }),
    ...(serial === undefined ? {} : { serial }),
    at: new Date(at),
    bytes,
    seconds,
  };
}
