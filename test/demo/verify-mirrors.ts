import { serialOf } from '../harness/forge.ts';
import type { Network } from '../harness/network.ts';

/** How many mirrors serve a release byte for byte, and what is wrong with the others. */
export async function verifyMirrors(
  network: Network,
  archive: string,
  serial: number,
): Promise<{ converged: number; wrong: string[] }> {
  const wrong: string[] = [];
  for (const mirror of network.mirrors) {
    const shown = await serialOf(mirror.tree(archive));
    const differences = await network.differences(mirror, archive);
    if (shown !== serial) wrong.push(`${mirror.name} shows serial ${shown ?? 'none'}.`);
    if (differences.length > 0) {
      const more = differences.length > 5 ? `, and ${differences.length - 5} more` : '';
      wrong.push(`${mirror.name} differs: ${differences.slice(0, 5).join(', ')}${more}.`);
    }
    if (wrong.length > 20) break;
  }
  const failed = new Set(wrong.map((line) => line.split(' ')[0]));
  return { converged: network.mirrors.length - failed.size, wrong };
}
