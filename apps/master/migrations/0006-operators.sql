-- What operators manage themselves.

-- Times in which a mirror is not pushed: once (starts_at to ends_at), or every week (weekday from 0,
-- Sunday, and start_minute of the day, both in UTC, for so many minutes).
create table maintenance (
  id text not null primary key,
  mirror text not null references mirror (name),
  starts_at text,
  ends_at text,
  weekday bigint,
  start_minute bigint,
  minutes bigint,
  added_at text not null,
  added_by text not null
);

create index maintenance_mirror on maintenance (mirror);

-- A change of a mirror's addresses or host key that is not proven yet; the newest one counts.
create table mirror_change (
  mirror text not null primary key references mirror (name),
  -- What is to be changed, as JSON (registry/change.ts).
  change text not null,
  id text not null,
  challenge text not null,
  asked_at text not null,
  asked_by text not null
);
