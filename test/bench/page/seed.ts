import type { PushState } from '@pushmirror/trigger';
import Database from 'better-sqlite3';

/** A network with a past, written straight into a master's database: no real mirror answers. */
export interface SeedOptions {
  /** The master must have made it, and must not be running. */
  database: string;
  mirrors: number;
  /** So many releases, evenly spread over the days before `now`. */
  releases: number;
  days: number;
  now: Date;
  archive: string;
  /** Of every this many, one is in trouble; the others are current. */
  troubleEvery?: number;
  /** The newest release is still on its way to this share of the mirrors, in percent. */
  movingPercent?: number;
}

const COUNTRIES =
  'DE DE DE FR FR GB US US US CA BR AR CL JP JP CN KR TW IN SG AU NZ ZA KE EG TR PL CZ SE NO FI DK NL BE ES PT IT GR AT CH RO BG UA HU HK TH VN ID IS IE'.split(
    ' ',
  );
const HUBS_A_TIER = 16;

/** Hubs pull from the master, mid mirrors from hubs, the others from those: three tiers. */
export function seed(o: SeedOptions): void {
  const db = new Database(o.database);
  db.pragma('synchronous = OFF');
  db.pragma('foreign_keys = ON');
  const names = Array.from({ length: o.mirrors }, (_, index) => nameOf(index));
  db.transaction(() => {
    writeMirrors(db, names, o);
    const serials = writeReleases(db, o);
    writePushes(db, names, serials, o);
    writeClaims(db, names, serials, o);
    writeSightings(db, names, serials, o);
    writeDays(db, names, o);
  })();
  db.close();
}

function nameOf(index: number): string {
  const country = COUNTRIES[index % COUNTRIES.length] ?? 'DE';
  return `mirror${index}.${country.toLowerCase()}.example.org`;
}

function writeMirrors(db: Database.Database, names: readonly string[], o: SeedOptions): void {
  const insert = db.prepare(
    `insert into mirror (name, kind, state, upstream, ssh_host, ssh_port, ssh_user, host_key, http_url, rsync_url, country, sponsor, bandwidth, added_at)
     values (@name, @kind, 'active', @upstream, '127.0.0.1', 1, 'mirror', 'ssh-ed25519 AAAA', @http, null, @country, 'University of Somewhere', '10 Gbit/s', @at)`,
  );
  const at = past(o, 0);
  names.forEach((name, index) => {
    const parent =
      index < HUBS_A_TIER
        ? null
        : index < HUBS_A_TIER * 5
          ? index % HUBS_A_TIER
          : HUBS_A_TIER + (index % (HUBS_A_TIER * 4));
    insert.run({
      name,
      kind: index % 40 === 39 ? 'ftpsync' : 'agent',
      upstream: parent === null ? null : (names[parent] ?? null),
      http: `https://${name}/${o.archive}/`,
      country: COUNTRIES[index % COUNTRIES.length],
      at,
    });
  });
}

function writeReleases(db: Database.Database, o: SeedOptions): { serial: number; at: string }[] {
  const insert = db.prepare(
    `insert into release (archive, serial, epoch, head, issued_at, expires_at, files, bytes, changed, dropped, seconds, published_at, published_by, phase, phase_at, public_at)
     values (?, ?, 1, 'head', ?, ?, 1234567, 4200000000000, 2345, 678, 12.5, ?, 'dak', 'done', ?, ?)`,
  );
  const used = new Map<string, number>();
  return Array.from({ length: o.releases }, (_, index) => {
    const at = past(o, (index + 1) / o.releases);
    const day = at.slice(0, 10).replaceAll('-', '');
    const number = used.get(day) ?? 0;
    used.set(day, number + 1);
    const serial = Number(day) * 100 + number;
    insert.run(o.archive, serial, at, '2099-01-01T00:00:00.000Z', at, at, at);
    return { serial, at };
  });
}

/** Of the newest only: retention keeps no more than these. */
function writePushes(
  db: Database.Database,
  names: readonly string[],
  serials: readonly { serial: number; at: string }[],
  o: SeedOptions,
): void {
  const insert = db.prepare(
    `insert into push (archive, serial, mirror, sender, state, attempts, reason, created_at, updated_at, sent_at, accepted_at, staged_at, committed_at, observed_at)
     values (@archive, @serial, @mirror, 'master', @state, 1, @reason, @at, @at, @sent, @accepted, @staged, @committed, @observed)`,
  );
  const kept = serials.slice(-60);
  for (const { serial, at } of kept) {
    const newest = serial === kept.at(-1)?.serial;
    names.forEach((mirror, index) => {
      const state = stateOf(index, newest, o);
      const after = (seconds: number) =>
        new Date(
          Date.parse(at) + seconds * 1000 * (1 + (index % 7)) * (1 + (serial % 3) / 2),
        ).toISOString();
      insert.run({
        archive: o.archive,
        serial,
        mirror,
        state,
        reason: state === 'unreachable' ? 'No route to the host: connect EHOSTUNREACH.' : null,
        at,
        sent: after(0.2),
        accepted: state === 'unreachable' ? null : after(1),
        staged: state === 'committed' || state === 'staged' ? after(20) : null,
        committed: state === 'committed' ? after(25) : null,
        observed: state === 'committed' ? after(27) : null,
      });
    });
  }
}

function writeClaims(
  db: Database.Database,
  names: readonly string[],
  serials: readonly { serial: number; at: string }[],
  o: SeedOptions,
): void {
  const insert = db.prepare(
    `insert into mirror_archive (mirror, archive, opted_in_at, served_serial, served_at, said_event, said_serial, said_at, said_reason, heard_at, observed_serial, observed_at, observed_reason)
     values (@mirror, @archive, @at, @served, @at, @event, @served, @at, @reason, @at, @seen, @at, null)`,
  );
  const [newest, before] = [serials.at(-1), serials.at(-2)];
  names.forEach((mirror, index) => {
    const state = stateOf(index, true, o);
    const served = (state === 'committed' ? newest : before)?.serial ?? null;
    insert.run({
      mirror,
      archive: o.archive,
      at: newest?.at ?? past(o, 1),
      served,
      event: state === 'unreachable' ? 'failed' : state === 'staged' ? 'staged' : 'committed',
      reason: state === 'unreachable' ? 'rsync: error in socket IO (code 10)' : null,
      seen: index % 97 === 5 ? (before?.serial ?? null) : served,
    });
  });
}

const HOW_SEEN = [
  ['unreachable', 'No answer within 10 s.'],
  ['frozen', 'Its head expired 3 days ago.'],
  ['rolled-back', 'It showed a newer release before.'],
  ['contradicting', 'It reports the newest release and shows the one before.'],
] as const;

function writeSightings(
  db: Database.Database,
  names: readonly string[],
  serials: readonly { serial: number; at: string }[],
  o: SeedOptions,
): void {
  const insert = db.prepare(
    `insert into sighting (mirror, archive, vantage, at, state, since, reason, basis, epoch, serial, lacks, lacks_since, response_ms, endpoints, evidence, trace_at, trace)
     values (@mirror, @archive, 'master', @at, @state, @at, @reason, 'head', 1, @serial, @lacks, @since, 42.5, @endpoints, @evidence, @at, @trace)`,
  );
  const metric = db.prepare(
    `insert into mirror_metric (mirror, archive, at, completion, delay_ms, response_ms, response_deviation_ms, availability, runs_a_day, score)
     values (?, ?, ?, 98.2, 61000, 42.5, 7.1, 99.7, 4.1, 97)`,
  );
  const [newest, before] = [serials.at(-1), serials.at(-2)];
  const at = past(o, 1);
  names.forEach((mirror, index) => {
    const is = stateOf(index, true, o);
    const fresh = is === 'committed';
    const [state, reason] = fresh
      ? (['fresh', null] as const)
      : is === 'staged'
        ? (['behind', null] as const)
        : (HOW_SEEN[index % HOW_SEEN.length] ?? HOW_SEEN[0]);
    const url = `https://${mirror}/${o.archive}/project/pushmirror/Release.head`;
    insert.run({
      mirror,
      archive: o.archive,
      at,
      state,
      reason,
      serial: (fresh ? newest : before)?.serial ?? null,
      lacks: fresh ? 0 : 1,
      since: fresh ? null : (newest?.at ?? null),
      endpoints: JSON.stringify(
        [4, 6].map((family) => ({
          protocol: 'https',
          family,
          url,
          state: 'ok',
          serial: newest?.serial ?? null,
          ms: 42,
          certificateUntil: '2027-01-31T00:00:00.000Z',
          reason: null,
        })),
      ),
      trace: JSON.stringify({
        date: at,
        archiveSerial: String(before?.serial ?? ''),
        creator: 'pushmirror 0.1.0',
        trigger: 'push',
        upstreamMirror: 'ftp.example.org',
      }),
      evidence: JSON.stringify([
        {
          what: 'head',
          url,
          family: 4,
          at,
          ms: 42,
          status: 200,
          sha256: 'a'.repeat(64),
          bytes: 911,
          expected: null,
          pastCache: false,
          error: null,
        },
      ]),
    });
    metric.run(mirror, o.archive, at);
  });
}

function writeDays(db: Database.Database, names: readonly string[], o: SeedOptions): void {
  const insert = db.prepare(
    `insert into probe_day (start, mirror, archive, looks, answered, fresh, response_sum, response_squares, lag_looks, lag_sum, lag_max, lacks_max, runs, worst)
     values (?, ?, ?, 144, ?, ?, ?, 300000, 144, ?, ?, 1, 4, ?)`,
  );
  for (let day = 0; day < o.days; day += 1) {
    const start = `${past(o, (day + 1) / o.days).slice(0, 10)}T00:00:00.000Z`;
    names.forEach((mirror, index) => {
      const bad = (index * 31 + day * 17) % 61 === 0;
      const answered = bad ? 120 : 144;
      const lag = 20_000 + ((index * 7 + day * 13) % 50) * 4_000;
      insert.run(
        start,
        mirror,
        o.archive,
        answered,
        answered - 6,
        answered * (35 + (day % 9)),
        lag * 144,
        lag * 9,
        bad ? 'unreachable' : 'behind',
      );
    });
  }
}

function stateOf(index: number, newest: boolean, o: SeedOptions): PushState {
  if (newest && index % (o.troubleEvery ?? 25) === 7) return 'unreachable';
  if (newest && (index * 37) % 100 < (o.movingPercent ?? 0)) return 'staged';
  return 'committed';
}

/** A time, as a share of the way from the first day to now. */
function past(o: SeedOptions, share: number): string {
  const span = o.days * 86_400_000;
  return new Date(o.now.getTime() - span * (1 - share) - 300_000).toISOString();
}
