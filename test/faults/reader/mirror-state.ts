import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What one mirror has on its disk at the end. */
export interface MirrorState {
  name: string;
  /** The serial of the head that its tree shows. */
  shown: number | undefined;
  /** Of the newest head that it has acknowledged. */
  inbox: number | undefined;
  /** Of the head that it says its tree is at. */
  committed: number | undefined;
  /** Reports that the master has not acknowledged. */
  unsent: number;
  /** How often the head of each serial was accepted, by its own audit. */
  accepted: Map<number, number>;
  /** State files that it found broken, by their names. */
  corrupt: string[];
  /** Path to SHA-256, without what each mirror has of its own. */
  files: Map<string, string>;
}

export function readMirror(folder: string, name: string, archive: string): MirrorState {
  const state = join(folder, 'state');
  const tree = join(folder, 'tree');
  const committed = JSON.parse(textOf(join(state, `committed/${archive}.json`)) || '{}') as {
    head?: string;
  };
  const audit = linesOf(join(state, 'audit.ndjson')).map(
    (line) => JSON.parse(line) as { result: string; serial?: number; about?: string },
  );
  const accepted = new Map<number, number>();
  for (const { result, serial, about = 'head' } of audit) {
    if (result !== 'accepted' || serial === undefined || about !== 'head') continue;
    accepted.set(serial, (accepted.get(serial) ?? 0) + 1);
  }
  return {
    name,
    shown: serialIn(textOf(join(tree, 'project/pushmirror/Release.head'))),
    inbox: serialIn(textOf(join(state, `inbox/${archive}.head`))),
    committed: serialIn(committed.head ?? ''),
    unsent: Math.max(0, linesOf(join(state, 'outbox/reports.ndjson')).length - 1),
    accepted,
    corrupt: filesIn(state).filter((path) => path.endsWith('.corrupt')),
    files: readTree(tree),
  };
}

/** The files of a tree, but for what each mirror has of its own. */
export function readTree(root: string): Map<string, string> {
  const own = /^(project\/(pushmirror|trace)\/|Archive-Update-)/;
  const digests = filesIn(root)
    .filter((path) => !own.test(path))
    .map((path): [string, string] => {
      const bytes = readFileSync(join(root, path));
      return [path, createHash('sha256').update(bytes).digest('hex')];
    });
  return new Map(digests);
}

function filesIn(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

function serialIn(head: string): number | undefined {
  const found = /^Serial: (\d+)$/m.exec(head)?.[1];
  return found === undefined ? undefined : Number(found);
}

function linesOf(path: string): string[] {
  return textOf(path)
    .split('\n')
    .filter((line) => line !== '');
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}
