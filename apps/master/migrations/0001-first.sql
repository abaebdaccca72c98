-- The first tables. The SQL is kept to what SQLite and PostgreSQL both take: text, bigint, and keys
-- that the application makes. Times are text in ISO 8601, UTC, with milliseconds, so that they sort.
-- A statement ends with a semicolon at the end of its line.

-- Single facts about this database, such as the network it belongs to.
create table setting (
  name text not null primary key,
  value text not null
);

create table archive (
  name text not null primary key,
  path text not null unique,
  profile text not null,
  -- 'manifest' or 'classic': whether publish describes the tree or only counts it.
  mode text not null,
  epoch bigint not null,
  -- A release that drops more files than this is refused.
  delete_limit bigint not null,
  added_at text not null
);

-- One row a published release; a rollout is all pushes of one release.
create table release (
  archive text not null references archive (name),
  serial bigint not null,
  epoch bigint not null,
  manifest_sha256 text,
  manifest_bytes bigint,
  -- The whole signed head as it is now; the heartbeat replaces it, with the two times.
  head text not null,
  issued_at text not null,
  expires_at text not null,
  files bigint not null,
  bytes bigint not null,
  changed bigint not null,
  dropped bigint not null,
  seconds double precision not null,
  published_at text not null,
  published_by text not null,
  primary key (archive, serial)
);

create table mirror (
  name text not null primary key,
  -- 'agent' or 'ftpsync'.
  kind text not null,
  -- 'active' or 'paused'.
  state text not null,
  -- The mirror that it pulls from; null is the master.
  upstream text references mirror (name),
  ssh_host text not null,
  ssh_port bigint not null,
  ssh_user text not null,
  host_key text not null,
  -- The public key with which this mirror, as a hub, pushes its own downstreams.
  push_key text,
  http_url text,
  rsync_url text,
  country text,
  contact text,
  added_at text not null
);

create index mirror_upstream on mirror (upstream);

-- What a mirror has opted in to, and what it last said about it. Claims only: what a probe
-- observes has a place of its own and never overwrites these.
create table mirror_archive (
  mirror text not null references mirror (name),
  archive text not null references archive (name),
  opted_in_at text not null,
  -- The release it last said to serve, with the time and the cost of that sync.
  served_serial bigint,
  served_at text,
  served_bytes bigint,
  served_seconds double precision,
  -- The last thing it said.
  said_event text,
  said_serial bigint,
  said_at text,
  said_reason text,
  said_rsync_code bigint,
  retry_at text,
  -- When a report of this mirror last arrived, by the master's clock.
  heard_at text,
  primary key (mirror, archive)
);

create index mirror_archive_archive on mirror_archive (archive);

-- One head to one mirror. `sender` is 'master' or the name of the hub that pushes it.
create table push (
  archive text not null,
  serial bigint not null,
  mirror text not null references mirror (name),
  sender text not null,
  state text not null,
  attempts bigint not null,
  reason text,
  created_at text not null,
  updated_at text not null,
  -- Of an unreachable one: when it is tried again.
  next_attempt_at text,
  sent_at text,
  accepted_at text,
  staged_at text,
  committed_at text,
  primary key (archive, serial, mirror),
  foreign key (archive, serial) references release (archive, serial)
);

create index push_state on push (state, sender);
create index push_mirror on push (mirror);

-- Reports are delivered at least once; this is how far each agent's have been taken.
create table report_cursor (
  mirror text not null references mirror (name),
  instance text not null,
  number bigint not null,
  primary key (mirror, instance)
);

create table token (
  id text not null primary key,
  sha256 text not null,
  -- 'admin', 'release-manager', 'operator' or 'agent'.
  role text not null,
  -- The mirror that an agent or an operator speaks for.
  mirror text references mirror (name),
  label text not null,
  created_at text not null,
  created_by text not null,
  revoked_at text
);

-- Append-only. `sequence` has no gaps, so that entries can be chained.
create table audit (
  sequence bigint not null primary key,
  at text not null,
  actor text not null,
  origin text not null,
  action text not null,
  subject text not null,
  detail text not null
);
