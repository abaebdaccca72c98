-- Who is told of what, and what was told to whom.

-- Somebody who wants to hear.
create table notice_subscription (
  id text not null primary key,
  -- 'mirror' (its operators), 'archive' (its release managers) or 'network' (everything).
  scope text not null,
  -- The mirror or the archive; empty for the network.
  subject text not null,
  -- 'mail' or 'webhook'.
  channel text not null,
  -- A mail address or a URL.
  address text not null,
  -- What a webhook's messages are signed with; kept as it is, since every signature needs it.
  secret text,
  -- What it is about, as a JSON list (notify/kinds.ts).
  kinds text not null,
  -- 'immediate', 'hourly' or 'daily'.
  digest text not null,
  -- Between these minutes of the day, in the time zone, nothing is sent; null: at any time.
  quiet_from bigint,
  quiet_to bigint,
  zone text not null,
  -- 'proving' (its address is not confirmed), 'active' or 'ended', and why.
  state text not null,
  state_reason text,
  -- What must be said to confirm a mail address, and how often something else was.
  code text,
  code_tries bigint not null default 0,
  -- Messages in a row that did not arrive.
  failures bigint not null default 0,
  added_at text not null,
  added_by text not null
);

create unique index notice_subscription_who
  on notice_subscription (scope, subject, channel, address);

-- Something to tell, once, with all that was known of it then.
create table notice (
  id text not null primary key,
  kind text not null,
  mirror text,
  archive text,
  serial bigint,
  -- The id of the notice that this is the sequel of.
  incident text,
  -- Of a code for a new mail address: the address.
  address text,
  at text not null,
  -- As JSON (notify/facts.ts).
  facts text not null
);

create index notice_at on notice (at);
create index notice_incident on notice (incident);

-- One notice for one subscription. Those with the same message travel together.
create table notice_delivery (
  id text not null primary key,
  notice text not null references notice (id),
  subscription text not null,
  -- 'waiting', 'sent', 'failed' or 'dropped' (nobody is there any more).
  state text not null,
  due_at text not null,
  -- Null before the first attempt; the same in each of them, so that a receiver can tell.
  message text,
  attempts bigint not null default 0,
  error text,
  created_at text not null,
  ended_at text
);

create unique index notice_delivery_once on notice_delivery (notice, subscription);
create index notice_delivery_due on notice_delivery (state, due_at);
create index notice_delivery_message on notice_delivery (message);
create index notice_delivery_subscription on notice_delivery (subscription, created_at);
create index notice_delivery_ended on notice_delivery (ended_at);

-- What is watched, and what was made of it (notify/settle.ts). topic: 'sight' and 'sync' of a mirror's
-- archive; 'quarantine' and 'certificate' of a mirror, whose archive is empty.
create table notice_watch (
  mirror text not null,
  archive text not null,
  topic text not null,
  -- What it is now, and since when; settled: what it was last taken to be.
  class text not null,
  since text not null,
  settled text not null,
  -- The notice with which its trouble began; null when nobody was told.
  incident text,
  -- Of a sight: 1 once it has shown a release.
  shown bigint not null default 0,
  -- Of a sight: how often it got into trouble since.
  turns bigint not null default 0,
  turns_since text,
  primary key (mirror, archive, topic)
);

-- How far each kind of news has been taken: 'sight', 'hold ARCHIVE', 'end ARCHIVE'.
create table notice_cursor (
  name text not null primary key,
  at bigint not null
);
