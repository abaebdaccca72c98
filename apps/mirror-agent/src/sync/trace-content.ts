import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseTrace, type ArchitecturesConfiguration, type TraceFile } from '@pushmirror/trace';
import { findArchitectures } from './architectures-found.ts';
import type { Architectures, TraceSettings } from './archive-settings.ts';
import type { Source } from './choose-upstream.ts';
import type { SyncContext } from './context.ts';
import { MASTER_TRACE_FILE } from './own-files.ts';
import { readTreeFile } from './tree-files.ts';

/** What tools that look for ftpsync's version should take us for. */
const FTPSYNC = '20180513';
/** What mirroring programs say they do right: i18n indexes in stage 2, Archive-Update-in-Progress. */
const REVISION = ['i18n', 'AUIP'];

/** All that the trace file says of a sync that has just ended: ftpsync's fields, and ours. */
export async function describeSync(
  context: SyncContext,
  source: Source,
  startedAt: Date,
): Promise<TraceFile & { date: Date }> {
  const { archive, trace, spent } = context;
  const serial = await archiveSerial(archive.to, source.head?.head.serial.toString());
  const seconds = Math.trunc(spent.stage1) + Math.trunc(spent.stage2);
  return {
    date: context.now(),
    dateStarted: startedAt,
    ...(serial === undefined ? {} : { archiveSerial: serial }),
    usedFtpsyncVersion: FTPSYNC,
    creator: `pushmirror ${version}`,
    runningOnHost: traceHost(trace),
    ...aboutMirror(trace),
    trigger: context.via,
    architectures: await findArchitectures(archive.to),
    architecturesConfiguration: configuration(archive.architectures),
    upstreamMirror: source.upstream.host,
    rsyncTransport: 'plain',
    revision: REVISION,
    bytesReceived: spent.bytes,
    secondsStage1: spent.stage1,
    secondsStage2: spent.stage2,
    seconds,
    ...(seconds > 0 ? { averageRate: spent.bytes / seconds } : {}),
    ...aboutHead(source),
    mode: source.mode ?? 'classic',
  };
}

/** The name of the machine, as trace files show it. */
export function traceHost(trace: TraceSettings): string {
  return trace.host ?? hostname();
}

/**
 * Our release's where the network's master writes `project/trace/master`; else what is in there, as
 * stock mirrors around us say it (an archive made by dak counts by itself), or `unknown`.
 */
async function archiveSerial(to: string, ours: string | undefined): Promise<string | undefined> {
  const text = await readTreeFile(join(to, MASTER_TRACE_FILE));
  if (text === undefined) return ours;
  const { creator, archiveSerial: theirs } = parseTrace(text.toString('utf8'));
  if (ours !== undefined && creator?.startsWith('pushmirror ') === true) return ours;
  return theirs ?? ours ?? 'unknown';
}

function aboutMirror(trace: TraceSettings): Partial<TraceFile> {
  const { maintainer, sponsor, country, location, throughput } = trace;
  return {
    ...(maintainer === undefined ? {} : { maintainer }),
    ...(sponsor === undefined ? {} : { sponsor }),
    ...(country === undefined ? {} : { country }),
    ...(location === undefined ? {} : { location }),
    ...(throughput === undefined ? {} : { throughput }),
  };
}

function aboutHead({ head: signed }: Source): Partial<TraceFile> {
  if (signed === undefined) return {};
  const { network, archive, epoch, serial, issued, manifest } = signed.head;
  return {
    network,
    archive,
    head: { epoch, serial },
    headIssued: issued,
    ...(manifest === undefined ? {} : { manifest }),
  };
}

function configuration({ include, exclude }: Architectures): ArchitecturesConfiguration {
  const unique = (names: readonly string[]) => [...new Set(names)].toSorted();
  if (include.length > 0) return { kind: 'include', architectures: unique(include) };
  if (exclude.length > 0) return { kind: 'exclude', architectures: unique(exclude) };
  return { kind: 'all' };
}

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };
