import * as codec from './codecs.ts';
import type { Codec } from './codecs.ts';
import type { TraceFile } from './trace.ts';

/** One line of a trace file: its name, and how it gets into the model and out of it. */
export interface Field {
  name: string;
  readInto(trace: TraceFile, value: string): void;
  /** Undefined or empty: no line. */
  write(trace: TraceFile): string | undefined;
}

/**
 * All fields in the order in which they are written. Those up to `Average rate` have the names and
 * the order of ftpsync's tracefile_content; `Revision` is what other programs write.
 */
export const FIELDS: readonly Field[] = [
  field('Date', 'date', codec.mail),
  field('Date-Started', 'dateStarted', codec.mail),
  field('Archive serial', 'archiveSerial', codec.digits),
  field('Used ftpsync version', 'usedFtpsyncVersion', codec.text),
  field('Creator', 'creator', codec.text),
  field('Running on host', 'runningOnHost', codec.text),
  field('Maintainer', 'maintainer', codec.text),
  field('Sponsor', 'sponsor', codec.text),
  field('Country', 'country', codec.text),
  field('Location', 'location', codec.text),
  field('Throughput', 'throughput', codec.text),
  field('Trigger', 'trigger', codec.text),
  field('Architectures', 'architectures', codec.architectures),
  field('Architectures-Configuration', 'architecturesConfiguration', codec.configuration),
  field('Upstream-mirror', 'upstreamMirror', codec.text),
  field('Rsync-Transport', 'rsyncTransport', codec.text),
  field('Revision', 'revision', codec.words),
  field('Total bytes received in rsync', 'bytesReceived', codec.whole),
  field('Total time spent in stage1 rsync', 'secondsStage1', codec.whole),
  field('Total time spent in stage2 rsync', 'secondsStage2', codec.whole),
  field('Total time spent in rsync', 'seconds', codec.whole),
  field('Average rate', 'averageRate', codec.rate),
  field('Pushmirror-Network', 'network', codec.text),
  field('Pushmirror-Archive', 'archive', codec.text),
  field('Pushmirror-Head', 'head', codec.head),
  field('Pushmirror-Head-Issued', 'headIssued', codec.iso),
  field('Pushmirror-Manifest', 'manifest', codec.manifest),
  field('Pushmirror-Mode', 'mode', codec.text),
];

const BY_NAME = new Map(FIELDS.map((one) => [one.name.toLowerCase(), one]));

/** The field of a name; programs differ in upper and lower case (`Archive Serial`). */
export function fieldNamed(name: string): Field | undefined {
  return BY_NAME.get(name.toLowerCase());
}

function field<K extends keyof TraceFile>(
  name: string,
  key: K,
  form: Codec<NonNullable<TraceFile[K]>>,
): Field {
  return {
    name,
    readInto(trace, value) {
      const found = form.read(value);
      if (found !== undefined) trace[key] ??= found;
    },
    write(trace) {
      const value = trace[key];
      return value === undefined || value === null ? undefined : form.write(value);
    },
  };
}
