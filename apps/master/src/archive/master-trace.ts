import { formatTrace, parseTrace } from '@pushmirror/trace';
import type { Head } from '@pushmirror/trigger/head/head';
import { VERSION } from '../version.ts';

/** The master's trace file: the release that the tree holds, in the fields that tools look for. */
export function formatMasterTrace(master: string, head: Head, publishedAt: Date): string {
  const { network, archive, epoch, serial, issued, manifest } = head;
  return formatTrace({
    date: publishedAt,
    archiveSerial: String(serial),
    creator: `pushmirror ${VERSION}`,
    runningOnHost: master,
    network,
    archive,
    head: { epoch, serial },
    headIssued: issued,
    ...(manifest === undefined ? {} : { manifest }),
  });
}

/**
 * Whether `project/trace/master` is ours to replace: there is none, or a mirror-master wrote it.
 * Archives that another program makes, such as dak, bring one of their own.
 */
export function isOurTrace(text: string | undefined): boolean {
  return text === undefined || (parseTrace(text).creator ?? '').startsWith('pushmirror ');
}
