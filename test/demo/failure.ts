import { serialOf } from '../harness/forge.ts';
import type { Network } from '../harness/network.ts';

/** What a person needs to see: who is not there yet, in which state, and their last lines. */
export async function describeFailure(network: Network, archive: string): Promise<string> {
  const [newest] = await network.master.releases(archive).catch(() => []);
  const lines: string[] = [];
  if (!network.master.service.running()) {
    lines.push(`The master has ended:\n${network.master.service.lastLines(15)}`);
  }
  const pushes =
    newest === undefined ? [] : await network.master.pushes(archive, newest.serial).catch(() => []);
  for (const mirror of network.mirrors) {
    const shown = await serialOf(mirror.tree(archive));
    const push = pushes.find((one) => one.mirror === mirror.name);
    if (shown !== undefined && shown === newest?.serial && push?.state === 'committed') continue;
    const state = mirror.service.running() ? (push?.state ?? 'not pushed') : 'not running';
    const reason = push?.reason === null || push?.reason === undefined ? '' : ` (${push.reason})`;
    lines.push(
      `${mirror.name}: ${state}${reason}, shows serial ${shown ?? 'none'}. Its last lines:`,
      mirror.service.lastLines(10),
    );
  }
  return lines.join('\n');
}
