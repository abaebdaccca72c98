-- What is seen of mirrors from outside, and what is counted of it. Never what they say of themselves.

-- The newest look from each vantage point ('master', or the name of a mirror that looks for us).
create table sighting (
  mirror text not null references mirror (name),
  archive text not null references archive (name),
  vantage text not null,
  at text not null,
  -- monitor/probe/verdict.ts says what the states are; since when it is in this one.
  state text not null,
  since text not null,
  -- One sentence: why it is in this state; null of one that is fresh.
  reason text,
  -- 'head' or 'trace': by what it was judged; null when nothing believable was seen.
  basis text,
  -- The release it shows; null when none is seen.
  epoch bigint,
  serial bigint,
  -- How many releases it lacks, and when the first of those came out.
  lacks bigint,
  lacks_since text,
  -- The highest it was ever seen to show.
  highest_epoch bigint,
  highest_serial bigint,
  -- Of the head over the registered URL; null when there was no answer.
  response_ms double precision,
  certificate_until text,
  -- When the mirror's own trace file says that its last sync ended, and the file, as JSON.
  trace_at text,
  trace text,
  -- Each protocol and family for itself, as a JSON list (monitor/probe/sighting.ts, Endpoint).
  endpoints text not null,
  -- Every request with URL, time, digest and error, as a JSON list (the same, Evidence).
  evidence text not null,
  primary key (mirror, archive, vantage)
);

create index sighting_archive on sighting (archive, mirror);

-- Each time what the master sees of a mirror became another state; kept, for feeds and notices.
create table sight_change (
  -- From 1, without gaps, over all mirrors.
  sequence bigint not null primary key,
  at text not null,
  mirror text not null,
  archive text not null,
  -- Null: it was looked at for the first time.
  before_state text,
  state text not null,
  serial bigint,
  reason text,
  -- The evidence of the look that saw it, as in sighting.
  evidence text not null
);

create index sight_change_mirror on sight_change (mirror, archive, sequence);
create index sight_change_archive on sight_change (archive, sequence);
create index sight_change_at on sight_change (at);

-- What went wrong how often; one row for each state that is a failing.
create table sight_error (
  mirror text not null,
  archive text not null,
  state text not null,
  count bigint not null,
  first_at text not null,
  last_at text not null,
  last_reason text not null,
  primary key (mirror, archive, state)
);

-- The master's own looks, summed up by the hour and by the day. `start` is the first moment.
create table probe_hour (
  start text not null,
  mirror text not null,
  archive text not null,
  -- Looks; of those answered; of those that showed the newest release.
  looks bigint not null,
  answered bigint not null,
  fresh bigint not null,
  -- Over the answered ones: the sum of the response times and of their squares, in ms.
  response_sum double precision not null,
  response_squares double precision not null,
  -- Over the looks where it is known: how many, sum and largest of the lag in ms and in serials.
  lag_looks bigint not null,
  lag_sum double precision not null,
  lag_max double precision not null,
  lacks_max bigint not null,
  -- How often its trace file was new: its syncs, as far as they are seen.
  runs bigint not null,
  -- The worst state of the time (monitor/probe/verdict.ts has the order).
  worst text not null,
  primary key (mirror, archive, start)
);

create index probe_hour_start on probe_hour (start);

create table probe_day (
  start text not null,
  mirror text not null,
  archive text not null,
  looks bigint not null,
  answered bigint not null,
  fresh bigint not null,
  response_sum double precision not null,
  response_squares double precision not null,
  lag_looks bigint not null,
  lag_sum double precision not null,
  lag_max double precision not null,
  lacks_max bigint not null,
  runs bigint not null,
  worst text not null,
  primary key (mirror, archive, start)
);

create index probe_day_start on probe_day (start);

-- A mirror's figures as they are now, worked out from the two above every few minutes.
-- monitor/metrics/definitions.ts says what each is.
create table mirror_metric (
  mirror text not null references mirror (name),
  archive text not null references archive (name),
  at text not null,
  -- 0 to 100; null where there was nothing to count.
  completion double precision,
  delay_ms double precision,
  response_ms double precision,
  response_deviation_ms double precision,
  availability double precision,
  runs_a_day double precision,
  score double precision,
  primary key (mirror, archive)
);

-- How long a release took to reach 50, 90, 95 and 100 % of the mirrors.
create table propagation (
  archive text not null,
  serial bigint not null,
  -- 'committed' (they say so) or 'observed' (it was seen).
  basis text not null,
  -- From 1; 0 is all tiers together.
  tier bigint not null,
  mirrors bigint not null,
  reached bigint not null,
  -- Milliseconds from the publication; null while it is not reached.
  p50_ms double precision,
  p90_ms double precision,
  p95_ms double precision,
  p100_ms double precision,
  updated_at text not null,
  primary key (archive, serial, basis, tier)
);

-- The mirrors that are asked to look at others for us.
create table vantage (
  mirror text not null primary key references mirror (name),
  asked_at text not null,
  asked_by text not null,
  -- When it last handed in what it saw.
  last_at text
);

-- What put a mirror into quarantine: 'unreached' (the pushes) or 'seen' (what it shows). Null: as
-- before, the pushes.
alter table mirror add column quarantine_by text;
-- Good looks in a row of a mirror that is quarantined for what it shows: half open.
alter table mirror add column quarantine_good bigint not null default 0;
