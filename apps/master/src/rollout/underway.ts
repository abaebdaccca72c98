import { createFanOut, type FanOutOptions } from '@pushmirror/trigger/fan-out/fan-out';
import type { PushNews } from '@pushmirror/trigger/fan-out/push';
import type { PushKey } from '../db/pushes.ts';
import { nameOf, type Outgoing } from './outgoing.ts';

/** What has been handed to the fan-out and may still be on its way. */
export interface Underway {
  /**
   * From now on these, and no others, of what `inScope` says: what is new is begun, what is not
   * among them is dropped, what is to be sent differently is begun anew.
   */
  replace(outgoing: readonly Outgoing[], inScope: (one: Outgoing) => boolean): void;
  /** Nothing more need be sent for these pushes. An attempt that is running may come to its end. */
  drop(pushes: readonly PushKey[]): void;
  /** Begin all of an archive's pushes anew with the next `replace`. */
  forget(archive: string): void;
  /** Try what rests for this mirror now. */
  wake(mirror: string): void;
  close(): Promise<void>;
}

export interface UnderwayOptions extends Omit<FanOutOptions, 'onState' | 'onStateFailed'> {
  /** Resolves when the news is on the disk. */
  onNews: (one: Outgoing, news: PushNews) => Promise<void>;
  onTrouble: (one: Outgoing, error: unknown) => void;
}

interface Entry {
  outgoing: Outgoing;
  sending: boolean;
}

export function createUnderway(options: UnderwayOptions): Underway {
  const { onNews, onTrouble, ...settings } = options;
  const entries = new Map<string, Entry>();
  const fanOut = createFanOut({
    ...settings,
    async onState({ key }, news) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      entry.sending = news.state === 'sending';
      await onNews(entry.outgoing, news);
      const on = news.state === 'sending' || news.state === 'unreachable';
      if (!on && entries.get(key) === entry) entries.delete(key);
    },
    onStateFailed({ key }, error) {
      const entry = entries.get(key);
      if (entry !== undefined) onTrouble(entry.outgoing, error);
    },
  });

  function cancel(name: string): void {
    entries.delete(name);
    fanOut.cancel(name);
  }

  return {
    replace(outgoing, inScope) {
      const wanted = new Map(outgoing.map((one) => [one.push.key, one]));
      const goals = new Map(outgoing.map((one) => [goalOf(one), one.about.serial]));
      for (const [name, { outgoing: known, sending }] of entries) {
        if (!inScope(known)) continue;
        const now = wanted.get(name);
        if (now !== undefined && sameAs(known, now)) continue;
        const overtaken = (goals.get(goalOf(known)) ?? 0) > known.about.serial;
        // The mirror may have spoken before our attempt has heard its answer.
        if (now === undefined && sending && !overtaken) continue;
        cancel(name);
      }
      for (const one of outgoing) {
        if (fanOut.push(one.push)) entries.set(one.push.key, { outgoing: one, sending: false });
      }
    },
    drop(pushes) {
      for (const key of pushes) {
        const name = nameOf(key);
        if (entries.get(name)?.sending === false) cancel(name);
      }
    },
    forget(archive) {
      for (const [name, { outgoing }] of entries) {
        if (outgoing.about.archive === archive && outgoing.kind !== 'hold') cancel(name);
      }
    },
    wake(mirror) {
      for (const [name, { outgoing }] of entries) {
        if (outgoing.about.mirror === mirror) fanOut.wake(name);
      }
    },
    close: () => fanOut.close(),
  };
}

/** Of two pushes with the same goal, the one with the higher serial counts. */
function goalOf({ kind, about }: Outgoing): string {
  return `${kind} ${about.archive} ${about.mirror}`;
}

function sameAs(a: Outgoing, b: Outgoing): boolean {
  const what = ({ push: { command, target, upstream, backoff } }: Outgoing) =>
    JSON.stringify([command, target, upstream, backoff]);
  return what(a) === what(b);
}
