-- What a rollout in waves, switching together, holds, quarantine and observation need to know.

-- The rollout policy as JSON (rollout/policy.ts); null is the default: everybody at once, as ready.
alter table archive add column policy text;

-- Whether it skips waves, bake and switching together, and goes ahead of everything: 0 or 1.
alter table release add column urgent bigint not null default 0;
-- 'as-ready' or 'together'.
alter table release add column switch text not null default 'as-ready';
-- The policy as it was at publish, as JSON; null when there is nothing to conduct.
alter table release add column waves text;
-- The wave that it has reached, from 0; the pushes of this wave and of those before are sent.
alter table release add column wave bigint not null default 0;
-- 'sending', 'staging', 'committing', 'baking' or 'done' (rollout/decide.ts); of the current wave.
alter table release add column phase text not null default 'done';
-- When this phase began.
alter table release add column phase_at text;
-- When its head became public; null while it is in its waves or stages.
alter table release add column public_at text;
-- Of a release that is held: since when, why, and by whom. Null when it is not.
alter table release add column held_at text;
alter table release add column held_reason text;
alter table release add column held_by text;

update release set public_at = published_at, phase_at = published_at;

-- The wave that it belongs to, from 0.
alter table push add column wave bigint not null default 0;
-- When the mirror took the word to commit what it has staged, and how often that was tried.
alter table push add column commit_told_at text;
alter table push add column commit_attempts bigint not null default 0;
alter table push add column commit_next_attempt_at text;
-- When its wave went on without it.
alter table push add column left_behind_at text;
-- When the release was first seen at the mirror's public address: never by a claim.
alter table push add column observed_at text;
-- 1 when its mirror was quarantined when this was planned, or has been since; it counts for nothing.
alter table push add column quarantined bigint not null default 0;

create index push_wave on push (archive, serial, wave, state);

-- Null when the mirror is not quarantined.
alter table mirror add column quarantined_at text;
alter table mirror add column quarantine_reason text;
-- How many of its downstreams may pull from it at once; null is the default of its tier.
alter table mirror add column slots bigint;
-- Whether connections to it are kept open: 0 or 1.
alter table mirror add column standing bigint not null default 1;

-- What was last seen at the mirror's public address: the serial (null when none was), when it was
-- last looked at, and why no believable head was seen.
alter table mirror_archive add column observed_serial bigint;
alter table mirror_archive add column observed_at text;
alter table mirror_archive add column observed_reason text;

-- Every hold that was signed; the newest of an archive, by sequence, is the one that counts.
create table hold (
  archive text not null references archive (name),
  -- From 1, one more each.
  sequence bigint not null,
  epoch bigint not null,
  serial bigint not null,
  -- 'held' or 'released'.
  state text not null,
  reason text,
  -- The whole signed text.
  text text not null,
  issued_at text not null,
  issued_by text not null,
  primary key (archive, sequence)
);

-- Which mirrors have taken a hold.
create table hold_told (
  archive text not null,
  sequence bigint not null,
  mirror text not null references mirror (name),
  told_at text not null,
  primary key (archive, sequence, mirror),
  foreign key (archive, sequence) references hold (archive, sequence)
);
