import type { AgentStatus, ArchiveStatus } from '../status.ts';
import { ago, counted, inBytes, inSeconds } from './in-words.ts';

/** The status as people read it: a table, and below it what needs their attention. */
export function statusTable(status: AgentStatus, now: Date): string {
  const { mirror, network, running, downstreams = 0, reports } = status;
  const title = `${mirror} in ${network}: ${running ? 'running' : 'not running'}`;
  const rows = status.archives.map((archive) => rowOf(archive, now));
  const notes = [
    ...status.archives.flatMap((archive) => notesOf(archive, now)),
    ...(downstreams > 0 ? [counted(downstreams, 'downstream')] : []),
    ...(reports?.lastError === undefined ? [] : [reportsWait(reports.waiting, reports.lastError)]),
  ];
  return [title, '', ...aligned([HEADINGS, ...rows]), ...(notes.length > 0 ? ['', ...notes] : [])]
    .join('\n')
    .trimEnd();
}

function reportsWait(waiting: number, why: string): string {
  return `${counted(waiting, 'report')} ${waiting === 1 ? 'waits' : 'wait'} for the master: ${why}`;
}

const HEADINGS = ['ARCHIVE', 'STATE', 'SERIAL', 'GOAL', 'LAST SYNC', 'UPSTREAM'];

function rowOf(one: ArchiveStatus, now: Date): string[] {
  const { lastSync } = one;
  const sync =
    lastSync === undefined
      ? 'never'
      : `${ago(lastSync.at, now)} (${inBytes(lastSync.bytes)}, ${inSeconds(lastSync.seconds)})`;
  const goal = one.goal === one.serial ? '=' : String(one.goal ?? '-');
  return [one.archive, one.state, String(one.serial ?? '-'), goal, sync, one.upstream];
}

function notesOf(one: ArchiveStatus, now: Date): string[] {
  const { archive, lastError, lastPoll, withheld, expires, held, staged, relay } = one;
  const notes: string[] = [];
  if (held !== undefined) {
    const why = held.reason === undefined ? '' : `: ${held.reason}`;
    notes.push(`${archive}: serial ${held.serial} is held since ${ago(held.since, now)}${why}`);
  } else if (one.state === 'staged') {
    notes.push(`${archive}: serial ${staged} is staged, and waits for the word to commit it.`);
  } else if (one.state === 'waiting') {
    notes.push(
      `${archive}: serial ${one.goal} waits: it may not be shown yet, and classic mode cannot stage it.`,
    );
  }
  if (relay?.waiting !== undefined) {
    const wait = relay.waiting === 1 ? 'waits' : 'wait';
    notes.push(
      `${archive}: ${counted(relay.waiting, 'downstream')} ${wait} for a slot to pull from here.`,
    );
  }
  if (lastError !== undefined) {
    const again =
      lastError.retryAt === undefined
        ? 'It waits for you; then run: mirror-agent sync'
        : `It is tried again at ${lastError.retryAt}.`;
    notes.push(`${archive}: ${ago(lastError.at, now)}: ${lastError.reason} ${again}`);
  }
  const heardSince = (one.lastSync?.at ?? '') > (lastPoll?.at ?? '');
  if (lastPoll?.reason !== undefined && !heardSince) {
    notes.push(`${archive}: polled ${ago(lastPoll.at, now)}: ${lastPoll.reason}`);
  }
  if (expires !== undefined && new Date(expires) < now) {
    notes.push(`${archive}: the head expired ${ago(expires, now)}: no news has come since.`);
  }
  if (withheld !== undefined) {
    const since = ago(withheld.since, now);
    notes.push(
      `${archive}: the upstream has not shown serial ${withheld.serial}, which the master has published (noticed ${since}).`,
    );
  }
  return notes;
}

function aligned(rows: readonly string[][]): string[] {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, i) => Math.max(cell.length, most[i] ?? 0)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
