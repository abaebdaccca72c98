-- Who may pull what from where, beside what follows from the registry.

create table access_rule (
  id text not null primary key,
  -- 'allow' or 'deny'.
  effect text not null,
  -- 'pull' or 'trigger'.
  action text not null,
  mirror text,
  network text,
  role text,
  tier bigint,
  archive text,
  view text,
  path text,
  -- Ranges of addresses as a JSON list; null: from anywhere.
  from_ranges text,
  valid_from text,
  valid_until text,
  note text,
  added_at text not null,
  added_by text not null
);

-- A named part of an archive.
create table access_view (
  archive text not null references archive (name),
  name text not null,
  -- Path patterns as a JSON list.
  paths text not null,
  primary key (archive, name)
);

-- The secrets with which a mirror pulls from an upstream ('master' or a mirror). The rsync user is
-- MIRROR_NUMBER. Kept as they are, since rsync's daemon needs them so.
create table rsync_secret (
  upstream text not null,
  mirror text not null references mirror (name),
  number bigint not null,
  secret text not null,
  made_at text not null,
  -- When it stops being accepted; null: the one in use.
  retires_at text,
  primary key (upstream, mirror, number)
);
