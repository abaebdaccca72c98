import type { MasterState } from './database.ts';
import type { Content, History, Look } from './history.ts';
import type { MirrorState } from './mirror-state.ts';

/** All that a run has left behind. */
export interface Evidence {
  history: History;
  master: MasterState;
  /** The master's own tree. */
  tree: Map<string, string>;
  /** The serial of the head that it shows. */
  shown: number | undefined;
  mirrors: MirrorState[];
  /** Lines of the logs that tell of a fault of the program: of Node, or a crash. */
  complaints: string[];
}

/** A promise that must hold whatever dies. It gives one line for each time it was broken. */
export interface Check {
  promise: string;
  violations(evidence: Evidence): string[];
}

const LATEST_PUSH_MS = 60_000;
const TERMINAL = new Set(['committed', 'refused', 'given-up', 'superseded']);

export const checks: Check[] = [
  { promise: 'the run came to its end', violations: wasComplete },
  { promise: 'the database is whole', violations: databaseWhole },
  { promise: 'no acknowledged release is lost', violations: nothingLost },
  { promise: 'no serial was given twice', violations: noDuplicates },
  { promise: 'serials only grow', violations: serialsGrow },
  { promise: 'every mirror has a push of every release', violations: everyPushThere },
  { promise: 'every push is done 60 s after the last restart', violations: pushesDone },
  { promise: 'the last release is committed everywhere', violations: lastCommitted },
  { promise: 'every tree is the last release byte for byte', violations: treesRight },
  { promise: "every mirror's state names the last serial", violations: statesRight },
  { promise: 'no head is newer than its tree', violations: headsNotAhead },
  { promise: "no tree's head ever went back", violations: headsGrow },
  { promise: 'no mirror took the same head for news twice', violations: acceptedOnce },
  { promise: 'no program found a fault in itself', violations: ({ complaints }) => complaints },
];

function wasComplete({ history }: Evidence): string[] {
  return history.complete ? [] : ['The history has no end: the run was broken off.'];
}

function databaseWhole({ master }: Evidence): string[] {
  return master.integrity === 'ok' ? [] : [master.integrity];
}

function nothingLost({ history, master }: Evidence): string[] {
  const known = new Set(master.releases.map(({ serial }) => serial));
  return acknowledged(history)
    .filter(({ serial }) => !known.has(serial))
    .map(
      ({ serial, number }) => `Publish ${number} was acknowledged as ${serial}: no such release.`,
    );
}

function noDuplicates({ history, master }: Evidence): string[] {
  const twice = (serials: number[]) => serials.filter((one, at) => serials.indexOf(one) !== at);
  return [
    ...twice(acknowledged(history).map(({ serial }) => serial)).map((one) => `${one} to clients`),
    ...twice(master.releases.map(({ serial }) => serial)).map((one) => `${one} in the database`),
  ];
}

function serialsGrow({ history, master }: Evidence): string[] {
  return [
    ...falls(acknowledged(history).map(({ serial }) => serial)).map((fall) => `answers: ${fall}`),
    ...falls(master.releases.map(({ serial }) => serial)).map((fall) => `database: ${fall}`),
    ...master.releases
      .filter(({ serial, head }) => !new RegExp(`^Serial: ${serial}$`, 'm').test(head))
      .map(({ serial }) => `The head of release ${serial} names another serial.`),
  ];
}

function everyPushThere({ history, master }: Evidence): string[] {
  const found = new Set(master.pushes.map(({ serial, mirror }) => `${serial} ${mirror}`));
  return master.releases.flatMap(({ serial }) =>
    history.mirrors
      .filter(({ name }) => !found.has(`${serial} ${name}`))
      .map(({ name }) => `${name} has no push of ${serial}.`),
  );
}

function pushesDone({ history, master }: Evidence): string[] {
  return master.pushes.flatMap(({ serial, mirror, state, updatedAt, reason }) => {
    const about = `The push of ${serial} to ${mirror}`;
    if (!TERMINAL.has(state)) return [`${about} is ${state} (${reason ?? 'no reason'}).`];
    const ms = updatedAt - history.lastRestart;
    return ms > LATEST_PUSH_MS ? [`${about} was ${state} only ${ms / 1000} s after.`] : [];
  });
}

function lastCommitted(evidence: Evidence): string[] {
  const last = lastSerial(evidence);
  return evidence.master.pushes
    .filter(({ serial, state }) => serial === last && state !== 'committed')
    .map(
      ({ mirror, state, reason }) => `${mirror}: ${last} is ${state} (${reason ?? 'no reason'}).`,
    );
}

function treesRight({ history, tree, mirrors }: Evidence): string[] {
  const wanted = history.contents.at(-1)?.files ?? new Map<string, string>();
  return [{ name: 'the master', files: tree }, ...mirrors].flatMap(({ name, files }) => [
    ...[...wanted]
      .filter(([path, sha256]) => files.get(path) !== sha256)
      .map(([path]) => `${name}: ${path} is ${files.has(path) ? 'another' : 'missing'}.`),
    ...[...files.keys()]
      .filter((path) => !wanted.has(path))
      .map((path) => `${name}: ${path} extra.`),
  ]);
}

function statesRight(evidence: Evidence): string[] {
  const last = lastSerial(evidence);
  const wrong = (what: string, serial: number | undefined) =>
    serial === last ? [] : [`${what} ${serial ?? 'nothing'}, not ${last}.`];
  return [
    ...wrong("The master's tree shows", evidence.shown),
    ...evidence.mirrors.flatMap(({ name, shown, inbox, committed, unsent, corrupt }) => [
      ...wrong(`${name}: the tree shows`, shown),
      ...wrong(`${name}: the inbox has`, inbox),
      ...wrong(`${name}: committed is`, committed),
      ...(unsent === 0 ? [] : [`${name}: ${unsent} reports have not reached the master.`]),
      ...corrupt.map((path) => `${name}: its state file ${path} was broken.`),
    ]),
  ];
}

/** A file may be newer than the head, or gone since; it must never be older. */
function headsNotAhead(evidence: Evidence): string[] {
  const { contents } = evidence.history;
  const madeFor = stampsOf(contents);
  return evidence.history.looks.flatMap((look) => {
    if (look.serial === null) return [];
    const number = numberOf(evidence, look.serial);
    const content = contents.find((one) => one.number === number);
    if (content === undefined) return [`${about(look)} shows ${look.serial}: no such release.`];
    return [...content.files.keys()].flatMap((path) => {
      const wanted = madeFor.get(path)?.get(content.number) ?? 0;
      const stamp = look.stamps.get(path);
      if (stamp !== undefined && stamp >= wanted) return [];
      const dropped = contents.some((one) => one.number > content.number && !one.files.has(path));
      if (stamp === undefined && dropped) return [];
      const found = stamp === undefined ? 'missing' : `that of publish ${stamp}`;
      return [`${about(look)} shows ${look.serial} (publish ${number}), but ${path} is ${found}.`];
    });
  });
}

function headsGrow({ history }: Evidence): string[] {
  return history.mirrors.flatMap(({ name }) =>
    falls(
      history.looks
        .filter(({ mirror, serial }) => mirror === name && serial !== null)
        .map(({ serial }) => serial ?? 0),
      (before, after) => after < before,
    ).map((fall) => `${name}: ${fall}`),
  );
}

function acceptedOnce({ mirrors }: Evidence): string[] {
  return mirrors.flatMap(({ name, accepted }) =>
    [...accepted]
      .filter(([, times]) => times > 1)
      .map(([serial, times]) => `${name} accepted ${serial} ${times} times.`),
  );
}

export function acknowledged({ answers }: History): { number: number; serial: number }[] {
  return answers.flatMap(({ number, serial }) =>
    serial === undefined ? [] : [{ number, serial }],
  );
}

function lastSerial({ master }: Evidence): number {
  return Math.max(0, ...master.releases.map(({ serial }) => serial));
}

/** Which publish a serial was made by: the last whose content lay there when it was written. */
function numberOf({ history, master }: Evidence, serial: number): number | undefined {
  const at = master.releases.find((release) => release.serial === serial)?.publishedAt;
  if (at === undefined) return undefined;
  return history.contents.findLast(({ from }) => from <= at)?.number;
}

/** For each path and each publish that has it: the publish for which the file was made. */
function stampsOf(contents: readonly Content[]): Map<string, Map<number, number>> {
  const made = new Map<string, Map<number, number>>();
  const last = new Map<string, { sha256: string; number: number }>();
  for (const { number, files } of contents) {
    for (const [path, sha256] of files) {
      const before = last.get(path);
      const stamp = before?.sha256 === sha256 ? before.number : number;
      last.set(path, { sha256, number: stamp });
      made.set(path, (made.get(path) ?? new Map<number, number>()).set(number, stamp));
    }
  }
  return made;
}

function falls(
  serials: readonly number[],
  isFall = (before: number, after: number) => after <= before,
): string[] {
  return serials.flatMap((after, index) => {
    const before = serials[index - 1];
    return before !== undefined && isFall(before, after) ? [`${after} came after ${before}.`] : [];
  });
}

function about({ at, mirror, when }: Look): string {
  return `${new Date(at).toISOString()} ${mirror} (${when})`;
}
