import { readFileSync } from 'node:fs';

/** What the clients' log and the log of the faults say. */
export interface History {
  seed: number;
  archive: string;
  mirrors: { name: string; upstream: string }[];
  /** In the order of their numbers. */
  contents: Content[];
  /** Of all requests to publish, in the order they came. */
  answers: Answer[];
  kills: Record<string, number>;
  /** How often a mirror's door was shut, or it was stopped. */
  cuts: number;
  looks: Look[];
  /** Milliseconds since 1970: when the last of all was started or could be reached again. */
  lastRestart: number;
  complete: boolean;
}

/** What lay in the archive for one publish: path to SHA-256. */
export interface Content {
  number: number;
  /** Milliseconds since 1970: before the first request for it. */
  from: number;
  files: Map<string, string>;
}

export interface Answer {
  at: number;
  number: number;
  /** Of an acknowledged publish. */
  serial?: number;
  error?: string;
}

/** What a mirror's tree showed: its head's serial was read first, then the stamps of its files. */
export interface Look {
  at: number;
  mirror: string;
  when: string;
  serial: number | null;
  stamps: Map<string, number>;
}

type Line = { at: string; type: string } & Record<string, unknown>;

export function readHistory(path: string): History {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  const of = <T>(type: string, shape: (line: Line) => T): T[] =>
    lines.filter((line) => line.type === type).map(shape);
  const [run] = lines.filter((line) => line.type === 'run');
  if (run === undefined) throw new Error(`${path} does not begin with a run.`);
  const kills: Record<string, number> = {};
  for (const line of lines.filter(({ type }) => type === 'kill')) {
    kills[String(line['who'])] = (kills[String(line['who'])] ?? 0) + 1;
  }
  const shut = lines.filter(({ type, ...line }) => type === 'door' && line['mode'] !== 'pass');
  return {
    seed: Number(run['seed']),
    archive: String(run['archive']),
    mirrors: run['mirrors'] as History['mirrors'],
    contents: of('content', (line) => ({
      number: Number(line['number']),
      from: Date.parse(line.at),
      files: new Map(line['files'] as [string, string][]),
    })),
    answers: of('answer', (line) => ({
      at: Date.parse(line.at),
      number: Number(line['number']),
      ...(line['serial'] === undefined ? {} : { serial: Number(line['serial']) }),
      ...(line['error'] === undefined ? {} : { error: line['error'] as string }),
    })),
    kills,
    cuts: shut.length + lines.filter(({ type }) => type === 'stop').length,
    looks: of('tree', (line) => ({
      at: Date.parse(line.at),
      mirror: String(line['mirror']),
      when: String(line['when']),
      serial: line['serial'] as number | null,
      stamps: new Map(Object.entries(line['stamps'] as Record<string, number>)),
    })),
    lastRestart: Math.max(0, ...of('healed', ({ at }) => Date.parse(at))),
    complete: lines.at(-1)?.type === 'end',
  };
}
