import { join } from 'node:path';
import { tryTool } from '../harness/tool.ts';

const program = join(import.meta.dirname, 'check_tree.py');

/** Who may sign, and for whom. */
export interface Signers {
  /** An allowed_signers file. */
  file: string;
  network: string;
}

export interface Checked {
  /** What is wrong, one sentence each. */
  faults: string[];
  sums: { serial: number; entries: number; files: number; bytes: number } | undefined;
}

/** Let the second reader check a tree against its head. */
export async function checkTree(tree: string, { file, network }: Signers): Promise<Checked> {
  const { faults, sums } = await read([tree, file, network]);
  return { faults, sums: sums as Checked['sums'] };
}

/** What it says that has changed between two releases of a tree: `+`, `-` or `*` and the path. */
export async function compareReleases(tree: string, old: string, now: string): Promise<string[]> {
  return (await read(['--compare', tree, old, now])).faults;
}

async function read(words: string[]): Promise<{ faults: string[]; sums: unknown }> {
  const { code, stdout, stderr } = await tryTool(['python3', program, ...words]);
  if (code !== 0 && code !== 1) throw new Error(`The second reader ended with ${code}: ${stderr}`);
  const lines = stdout.trimEnd().split('\n');
  const last = lines.at(-1) ?? '';
  if (code === 1 && !last.startsWith('{')) {
    if (stdout === '') throw new Error(`The second reader failed: ${stderr}`);
    return { faults: lines, sums: undefined };
  }
  return { faults: lines.slice(0, -1), sums: JSON.parse(last) };
}
