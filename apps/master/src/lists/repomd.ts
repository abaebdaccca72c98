import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { RepomdRow } from '../db/list-schema.ts';
import type { Db } from '../db/open.ts';
import { deleteOldRepomds, listRepomds, noteRepomd } from '../db/repomds.ts';
import type { ArchiveRow } from '../db/schema.ts';
import { MasterError } from '../errors.ts';

const LARGEST = 1024 * 1024;
/** How many of a repository are kept: the current one and its alternates. */
const KEPT = 4;
/** Folders of names that need no escaping; what is hidden, or leads upwards, is none. */
const REPOSITORY = /^$|^(?!\.)[\w+~.-]+(\/(?!\.)[\w+~.-]+)*$/;
const LONGEST = 500;

/** Whether this is the folder of a repository in an archive: nothing that leads elsewhere. */
export function isRepository(text: string): boolean {
  return text.length <= LONGEST && REPOSITORY.test(text);
}

/**
 * The repomd.xml of a repository in an archive's current release, and those of the releases before it
 * as far as somebody asked for them, newest first.
 *
 * @throws MasterError `invalid` for a path that is none, `unknown-release` without a repomd.xml there.
 */
export async function readRepomds(
  db: Db,
  o: { archive: ArchiveRow; repository: string; serial: number; before: number },
): Promise<RepomdRow[]> {
  const of = { archive: o.archive.name, repository: o.repository };
  if (!isRepository(o.repository)) {
    throw new MasterError('invalid', 'The repository must be a folder of the archive.');
  }
  const known = await listRepomds(db, of, KEPT);
  if (known[0]?.serial === o.serial) return known;
  const row = { ...of, serial: o.serial, ...(await describe(o.archive.path, o.repository)) };
  await noteRepomd(db, row);
  await deleteOldRepomds(db, { archive: of.archive, before: o.before });
  return [row, ...known].slice(0, KEPT);
}

async function describe(root: string, repository: string) {
  const path = join(root, repository, 'repodata', 'repomd.xml');
  const bytes = await readInside(await realpath(root), path).catch((cause: unknown) => {
    throw new MasterError('unknown-release', 'There is no repodata/repomd.xml in that folder.', {
      cause,
    });
  });
  const digest = (name: string) => createHash(name).update(bytes).digest('hex');
  const revision = /<revision>(\d{1,12})<\/revision>/.exec(bytes.toString('latin1'))?.[1];
  return {
    sha256: digest('sha256'),
    sha512: digest('sha512'),
    bytes: bytes.length,
    modified: Number(revision ?? 0),
  };
}

/** A link that leads out of the archive is not followed. */
async function readInside(root: string, path: string): Promise<Buffer> {
  const real = await realpath(path);
  if (!real.startsWith(root + sep)) throw new Error(`${path} leads out of the archive.`);
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    if (size > LARGEST) throw new Error(`${path} is larger than a repomd.xml.`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
