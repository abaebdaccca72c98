import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What was seen of one mirror by one kind of reader. */
export interface Seen {
  passes: number;
  indexes: number;
  packages: number;
  /** Different InRelease files. */
  releases: number;
  /** Files that were there with other bytes, and that were not there, whatever the reason. */
  mismatches: number;
  missing: number;
  /** Passes with a fault, by what became of the Release file that was read: see below. */
  straddled: number;
  switching: number;
  stood: number;
}

export interface Verdict {
  figures: Record<string, unknown>;
  /** What breaks the promise, in words. */
  violations: string[];
}

type Line = { type: string } & Record<string, unknown>;

/**
 * Read what a run has left. A promise is made of our mirror:
 *
 * - a reader that asks for indexes by digest, as apt does, never sees a fault at all, whatever
 *   switches meanwhile;
 * - one that asks by name can see Packages of one release beside Release of another in the
 *   moment between their renames (`switching`), or when the switch falls between its own reads
 *   (`straddled`): two files cannot change at once, so that no mirror can spare it that, and
 *   reading again helps. What it must never see is a fault while the Release file stands (`stood`).
 *
 * The same is counted of ftpsync's mirror, of which nothing is promised.
 */
export function judge(folder: string): Verdict {
  const history = linesOf(join(folder, 'history.ndjson'));
  const violations: string[] = [];
  const figures: Record<string, unknown> = { ...summary(history) };
  for (const mirror of ['ours', 'ftpsync'] as const) {
    const looks = linesOf(join(folder, `reader-${mirror}.ndjson`));
    const apt = history.filter((line) => line.type === 'apt' && line['mirror'] === mirror);
    if (looks.length === 0) continue;
    figures[mirror] = Object.fromEntries(
      ['by-hash', 'by-name'].map((how) => [
        how,
        {
          ...seenBy(looks.filter((look) => look['how'] === how)),
          apt: aptSeen(apt.filter((one) => one['how'] === how)),
        },
      ]),
    );
    if (mirror === 'ours') violations.push(...broken(looks, apt));
  }
  const end = history.find(({ type }) => type === 'end');
  const differences = end?.['ours'] as string[] | undefined;
  if (differences === undefined) violations.push('The run did not come to its end.');
  for (const one of differences ?? []) violations.push(`At the end our tree differs: ${one}`);
  return { figures: { ...figures, violations: violations.length }, violations };
}

function summary(history: Line[]) {
  const run = history.find(({ type }) => type === 'run');
  const kills: Record<string, number> = {};
  for (const { type, ...line } of history) {
    if (type === 'kill') kills[String(line['who'])] = (kills[String(line['who'])] ?? 0) + 1;
  }
  const publishes = history.filter(({ type }) => type === 'publish').length;
  return { seed: run?.['seed'], calm: run?.['calm'], publishes, kills };
}

function seenBy(looks: Line[]): Seen {
  const seen: Seen = {
    passes: looks.length,
    indexes: 0,
    packages: 0,
    releases: new Set(looks.map(({ release }) => release)).size,
    mismatches: 0,
    missing: 0,
    straddled: 0,
    switching: 0,
    stood: 0,
  };
  for (const look of looks) {
    seen.indexes += Number(look['indexes']);
    seen.packages += Number(look['packages']);
    for (const { kind } of faultsOf(look)) {
      seen[kind === 'missing' ? 'missing' : 'mismatches'] += 1;
    }
    const after = look['after'] as 'straddled' | 'switching' | 'stood' | undefined;
    if (after !== undefined) seen[after] += 1;
  }
  return seen;
}

function aptSeen(apt: Line[]) {
  const failed = (after: string) => apt.filter((one) => one['after'] === after).length;
  return {
    runs: apt.length,
    failed: apt.filter((one) => one['fault'] !== undefined).length,
    straddled: failed('straddled'),
    switching: failed('switching'),
    stood: failed('stood'),
  };
}

function broken(looks: Line[], apt: Line[]): string[] {
  const counts = ({ how, after }: Line) => how === 'by-hash' || after === 'stood';
  return [
    ...looks
      .filter((look) => faultsOf(look).length > 0 && counts(look))
      .map((look) => `${when(look)}: ${JSON.stringify(faultsOf(look).slice(0, 3))}`),
    ...apt
      .filter((one) => one['fault'] !== undefined && counts(one))
      .map((one) => `${when(one)}: apt-get ${String(one['fault'])}: ${String(one['reason'])}`),
  ];
}

function when(line: Line): string {
  return `${String(line['at'])} ${String(line['how'])}, the Release file ${String(line['after'])}`;
}

function faultsOf(look: Line): { kind: string; path: string }[] {
  return look['faults'] as { kind: string; path: string }[];
}

function linesOf(path: string): Line[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  // A reader that was ended in mid-line has not finished it.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
