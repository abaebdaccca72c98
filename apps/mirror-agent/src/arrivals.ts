import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OWN_FOLDER } from '@pushmirror/manifest';
import type { SignedHold } from '@pushmirror/trigger';
import type { Archive } from './archive.ts';
import type { Logger } from './log.ts';
import type { NewsDesk } from './news-desk.ts';
import type { Permission } from './permission.ts';
import type { ReceiverOptions } from './receiver.ts';
import type { Hub } from './relay/hub.ts';
import { HOLD_PATH } from './sync/own-files.ts';
import { writeTreeFile } from './sync/tree-files.ts';

export interface ArrivalOptions {
  archives: ReadonlyMap<string, Archive>;
  hub: Hub;
  desk: NewsDesk;
  log: Logger;
}

/** What a running agent does about a head or a hold that the inbox has kept. */
export type Arrivals = Pick<ReceiverOptions, 'onOffered' | 'onHold'>;

export function createArrivals({ archives, hub, desk, log }: ArrivalOptions): Arrivals {
  return {
    async onOffered(signed, { comparison, lacking, permission }, peer) {
      const via = 'upstream' in peer ? 'poll' : 'push';
      const archive = archives.get(signed.head.archive);
      archive?.permit(permission);
      if (lacking) archive?.converger.restage();
      archive?.converger.aim(signed, via);
      // Who says it again wants another attempt, also at what waits for a person.
      if (comparison === 'duplicate' && via === 'push') archive?.converger.retry(via);
      if (comparison === 'first' || comparison === 'newer') await desk.onAccepted(signed, via);
    },
    onHold,
  };

  /** Obey it, pass it on, and show it to those who poll us. */
  async function onHold(signed: SignedHold, permission: Permission): Promise<void> {
    const { archive: name, serial, sequence, state, reason } = signed.hold;
    const archive = archives.get(name);
    if (archive === undefined) return;
    log.warn({ archive: name, serial, sequence, reason }, `a hold: serial ${serial} is ${state}`);
    archive.permit(permission);
    try {
      await hub.onHold(name, signed);
      const { to } = archive.config;
      if (existsSync(join(to, OWN_FOLDER))) await writeTreeFile(to, HOLD_PATH, signed.bytes);
    } catch (error) {
      log.error({ archive: name, err: error }, 'the hold is obeyed, but it could not be passed on');
    }
  }
}
