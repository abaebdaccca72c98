import { isHost, isMirrorName, isUser } from '@pushmirror/acl';
import { replaceFile } from '@pushmirror/host';
import { downstreamsResponse, type Downstream } from '@pushmirror/trigger';
import type { z } from 'zod';
import type { MasterClient } from './master-client.ts';
import { createMutex } from './state/mutex.ts';
import { readJson, type OnCorrupt } from './state/read-json.ts';

/** Which mirrors this one pushes to: the master's list, and our copy for when it is away. */
export interface Downstreams {
  /** Those that have opted in to an archive. */
  of(archive: string): Downstream[];
  /** All that can be pushed to. */
  all(): Downstream[];
  count(): number;
  /** At most so many of them pull from us at once, by the master's word. */
  slots(): number | undefined;
  /** Milliseconds after which a slot is free again, by the master's word. */
  slotTimeoutMs(): number | undefined;
  /** Ask the master anew, unless `digest` says that nothing changed. Never throws. */
  refresh(digest?: string): Promise<void>;
}

export interface DownstreamsOptions {
  path: string;
  master: MasterClient | undefined;
  onCorrupt: OnCorrupt;
  onProblem: (reason: string) => void;
  /** Called when the list is another one than before. */
  onChange: () => void;
}

export async function openDownstreams(options: DownstreamsOptions): Promise<Downstreams> {
  let list: z.output<typeof downstreamsResponse> = (await readJson(
    options.path,
    downstreamsResponse,
    options.onCorrupt,
  )) ?? {
    digest: '',
    downstreams: [],
  };
  const mutex = createMutex();

  return {
    of: (archive) =>
      list.downstreams.filter((one) => one.archives.includes(archive) && isUsable(one)),
    all: () => list.downstreams.filter(isUsable),
    count: () => list.downstreams.length,
    slots: () => list.slots,
    slotTimeoutMs: () => list.slotTimeout && list.slotTimeout * 1000,
    refresh: (digest) =>
      mutex(async () => {
        if (options.master === undefined || digest === list.digest) return;
        const answer = await options.master.downstreams();
        if (answer.kind !== 'ok') return options.onProblem(answer.reason);
        if (answer.value.digest === list.digest) return;
        list = answer.value;
        for (const one of list.downstreams) {
          if (!isUsable(one)) options.onProblem(`A downstream is left out: ${shown(one)}.`);
        }
        options.onChange();
        try {
          await replaceFile(options.path, `${JSON.stringify(list)}\n`, 0o600);
        } catch (error) {
          options.onProblem(String(error));
        }
      }),
  };
}

/** Host and user become words of a command line where ssh is spawned: only plain ones are taken. */
function isUsable({ name, host, user }: Downstream): boolean {
  return isMirrorName(name) && isHost(host) && isUser(user);
}

function shown({ name, host, user }: Downstream): string {
  return `${JSON.stringify(name)} at ${JSON.stringify(`${user}@${host}`)} is not a plain address`;
}
