import type { Archive } from './archive.ts';
import type { SyncLine } from './control-protocol.ts';
import type { ArchiveNews } from './converge/news.ts';
import type { NewsDesk } from './news-desk.ts';
import type { SyncEvent } from './sync/events.ts';

export interface SyncOperation {
  archives: readonly Archive[];
  /** Sync even where there is nothing new. */
  force: boolean;
  desk: Pick<NewsDesk, 'listen'>;
  send: (line: SyncLine) => void;
  /** Whoever asked has gone: nothing more is sent. The syncs go on. */
  signal: AbortSignal;
}

/** `mirror-agent sync`: ask the upstreams now, bring the archives to what they say, tell how it goes. */
export async function syncNow(operation: SyncOperation): Promise<void> {
  const { archives, desk, send, signal } = operation;
  const names = new Set(archives.map(({ config }) => config.name));
  const forget = desk.listen((archive, news) => {
    if (!names.has(archive)) return;
    const line = lineOf(archive, news);
    if (line !== undefined) send(line);
  });
  signal.addEventListener('abort', forget);
  try {
    const results = await Promise.all(archives.map((archive) => syncOne(archive, operation)));
    send({ type: 'done', ok: results.every(Boolean) });
  } finally {
    forget();
  }
}

async function syncOne(one: Archive, { force, send }: SyncOperation): Promise<boolean> {
  const { converger } = one;
  const archive = one.config.name;
  const looked = await one.ask('manual');
  if (force) converger.request('manual');
  else converger.retry('manual');
  const result = await converger.settled();
  if (result?.kind === 'failed') {
    send({ type: 'result', archive, result: 'failed', reason: result.reason });
    return false;
  }
  if (result?.kind === 'staged') {
    const { serial, bytes, seconds } = result;
    send({ type: 'result', archive, result: 'staged', serial, bytes, seconds });
    return true;
  }
  if (result !== undefined) {
    const serial = result.serial === undefined ? {} : { serial: result.serial };
    const { bytes, seconds, unfinished } = result;
    const reason = unfinished === undefined ? {} : { reason: unfinished.reason };
    send({ type: 'result', archive, result: 'committed', ...serial, bytes, seconds, ...reason });
    return unfinished === undefined;
  }
  if (looked.kind === 'failed' || looked.kind === 'refused') {
    send({ type: 'result', archive, result: 'failed', reason: looked.reason });
    return false;
  }
  const serial = converger.status().committed?.signed?.head.serial;
  send({
    type: 'result',
    archive,
    result: 'nothing-new',
    ...(serial === undefined ? {} : { serial }),
  });
  return true;
}

function lineOf(archive: string, news: ArchiveNews): SyncLine | undefined {
  if (news.type === 'staged') {
    const { bytes, seconds, head } = news;
    return { type: 'staged', archive, ...serialOf(head?.head.serial), bytes, seconds };
  }
  return news.type === 'event' ? lineOfEvent(archive, news.event) : undefined;
}

/** What to tell of a sync that goes on; of its end the result tells. */
export function lineOfEvent(archive: string, event: SyncEvent): SyncLine | undefined {
  switch (event.type) {
    case 'syncing': {
      const { upstream, serial } = event;
      return { type: 'syncing', archive, ...serialOf(serial), upstream };
    }
    case 'progress':
      return { archive, ...event };
    case 'passed-over':
    case 'waiting':
    case 'again':
      return { type: 'note', archive, text: event.reason };
    case 'hook':
      return { type: 'note', archive, text: event.reason ?? `${event.hook} has run` };
    case 'staged':
    case 'claimed':
      return undefined;
  }
}

function serialOf(serial: number | undefined): { serial?: number } {
  return serial === undefined ? {} : { serial };
}
