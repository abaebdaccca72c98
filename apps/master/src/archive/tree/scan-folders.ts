import { folderOf, type TreePath } from '@pushmirror/manifest';
import { bytesOver } from './block.ts';
import { BlockWriter } from './block-writer.ts';
import type { HandSetup, ScanReply, ScanRequest } from './hand-words.ts';
import { scanFolder, type ScanSettings } from './scan-folder.ts';

/** About how many entries one request looks at, so that threads share the work evenly. */
const ENTRIES_A_REQUEST = 4_096;

/**
 * Scan folders, and go down from them until this request has done its share. A shallow one does
 * all its folders and does not go down.
 */
export function scanFolders(setup: HandSetup, request: ScanRequest): ScanReply {
  const settings = settingsOf(setup);
  const writer = new BlockWriter();
  const freshFrom = Date.now() - setup.freshMs;
  const { shallow } = request;
  const same: number[] = [];
  const unsettled: TreePath[] = [];
  const toHash = { files: 0, bytes: 0 };
  const todo = request.folders.toReversed();
  let entries = 0;
  while (todo.length > 0 && (shallow || entries < ENTRIES_A_REQUEST)) {
    const folder = todo.pop() ?? '';
    const scanned = scanFolder(settings, folder, writer, freshFrom);
    if (scanned === undefined) {
      unsettled.push(folderOf(folder));
      continue;
    }
    if (scanned.sameAs !== undefined) same.push(scanned.sameAs);
    if (scanned.unsettled) unsettled.push(folder);
    entries += scanned.entries + 1;
    toHash.files += scanned.toHash.files;
    toHash.bytes += scanned.toHash.bytes;
    if (!shallow) for (const path of scanned.folders) todo.push(path);
  }
  const blocks = writer.blocks();
  return { did: 'scan', same, blocks, rest: todo, unsettled, entries, toHash };
}

const known = new WeakMap<HandSetup, ScanSettings>();

function settingsOf(setup: HandSetup): ScanSettings {
  const { root, profile, full, table } = setup;
  const { memory, starts } = table;
  const settings = known.get(setup) ?? {
    root,
    profile,
    full,
    table: { memory, bytes: bytesOver(memory), starts },
  };
  known.set(setup, settings);
  return settings;
}
